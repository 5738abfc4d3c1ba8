/// A column of a table, of numbers or of texts.
struct TableColumn {
  enum Values {
    /// A missing value is NaN.
    case numbers(StoredArray<Double>)
    case texts(TextCodes)
  }

  let name: String
  let values: Values
  /// The number of rows that miss a value.
  let missingCount: Int
  /// The first cell that is no number in a column of numbers, and how many there are; they count as missing.
  let oddCell: (row: Int, text: String, count: Int)?

  /// Columns whose cells are numbers to this share are columns of numbers with faults.
  static let numberShare = 0.9

  var count: Int {
    switch values {
    case .numbers(let numbers): numbers.count
    case .texts(let texts): texts.codes.count
    }
  }

  func isMissing(_ row: Int) -> Bool {
    switch values {
    case .numbers(let numbers): numbers[row].isNaN
    case .texts(let texts): texts.codes[row] == TextCodes.missing
    }
  }

  /// A column of more texts is of no use, unless it is the target or said to be a category.
  static let mostTexts = 1000

  /// Why the column tells nothing of other rows; nil if it may.
  var uselessness: String? {
    if missingCount == count { return "has no values" }
    switch values {
    case .numbers(let numbers):
      return count > 20 && numbers.withElements(Self.countsRows) ? "numbers the rows" : nil
    case .texts(let texts):
      let present = count - missingCount
      return texts.distinctCount > max(20, min(present / 2, Self.mostTexts))
        ? "has \(texts.distinctCount) different texts in \(present) rows" : nil
    }
  }

  private static func countsRows(_ numbers: UnsafeBufferPointer<Double>) -> Bool {
    zip(numbers, numbers.dropFirst()).allSatisfy { $1 - $0 == 1 }
  }
}

/// The texts of a column, by numbers.
struct TextCodes {
  /// The number of each row's text in `texts`, `missing`, or `other`.
  let codes: StoredArray<Int32>
  /// Distinct texts.
  let texts: [String]
  /// The number of distinct texts of the rows, those not in `texts` included.
  let distinctCount: Int

  /// A row without a text.
  static let missing: Int32 = -1
  /// A row with a text that is not in `texts`, of which there were too many.
  static let other = Int32.max
}
