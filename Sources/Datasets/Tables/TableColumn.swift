/// A column of a table, of numbers or of texts.
struct TableColumn {
  enum Values {
    /// A missing value is NaN.
    case numbers([Double])
    case texts([String?])
  }

  let name: String
  let values: Values
  /// The first cell that is no number in a column of numbers, and how many there are; they count as missing.
  let oddCell: (row: Int, text: String, count: Int)?

  /// Columns whose cells are numbers to this share are columns of numbers with faults.
  private static let numberShare = 0.9

  /// - Parameters:
  ///   - cells: the cells of all rows.
  ///   - isCategory: whether numbers are texts, too; nil: what the cells suggest.
  init(_ name: String, _ cells: [(text: String, value: CellValue)], isCategory: Bool?) {
    self.name = name
    var (numberCount, textCount) = (0, 0)
    for cell in cells {
      switch cell.value {
      case .missing: break
      case .number: numberCount += 1
      case .text: textCount += 1
      }
    }
    let share = Double(numberCount) / Double(max(1, numberCount + textCount))
    guard !(isCategory ?? (share < Self.numberShare)) else {
      values = .texts(cells.map { $0.value == .missing ? nil : $0.text })
      oddCell = nil
      return
    }
    var odd: (row: Int, text: String, count: Int)?
    values = .numbers(
      cells.enumerated().map { row, cell in
        switch cell.value {
        case .missing: return .nan
        case .number(let number): return number
        case .text(let text):
          odd = odd ?? (row, text, 0)
          odd!.count += 1
          return .nan
        }
      })
    oddCell = odd
  }

  var count: Int {
    switch values {
    case .numbers(let numbers): numbers.count
    case .texts(let texts): texts.count
    }
  }

  func isMissing(_ row: Int) -> Bool {
    switch values {
    case .numbers(let numbers): numbers[row].isNaN
    case .texts(let texts): texts[row] == nil
    }
  }

  /// Why the column tells nothing of other rows; nil if it may.
  var uselessness: String? {
    switch values {
    case .numbers(let numbers):
      if numbers.allSatisfy(\.isNaN) { return "has no values" }
      let counts =
        numbers.count > 20
        && zip(numbers, numbers.dropFirst()).allSatisfy { $1 - $0 == 1 }
      return counts ? "numbers the rows" : nil
    case .texts(let texts):
      let present = texts.compactMap { $0 }
      if present.isEmpty { return "has no values" }
      let distinct = Set(present).count
      return distinct > max(20, min(present.count / 2, 1000))
        ? "has \(distinct) different texts in \(present.count) rows" : nil
    }
  }
}
