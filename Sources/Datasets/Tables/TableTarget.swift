import Hypertower

/// What a table's rows are to predict: a class or a number.
struct TableTarget {
  enum Kind {
    /// The names of the classes, in order, and the class of each row; −1 where it is missing.
    case classes([String], [Int32])
    /// The value of each row; NaN where it is missing.
    case values(StoredArray<Double>)
  }

  let kind: Kind
  /// What was chosen where the user has not, a sentence.
  let note: String?

  /// The most different whole numbers that are taken for classes.
  private static let mostWholeNumbers = 20

  init(kind: Kind) {
    self.kind = kind
    note = nil
  }

  /// - Throws: `InputError` if the column is of no use as a target.
  init(_ column: TableColumn, task: TableOptions.Task?, in table: Table) throws {
    func fault(_ text: String) -> InputError {
      InputError(.badData, "\(table.file.name): target '\(column.name)' \(text)")
    }
    switch column.values {
    case .numbers(let numbers):
      let (distinct, distinctCount, isWhole) = Self.distinct(numbers)
      guard distinctCount > 1 else {
        throw fault(
          distinct.isEmpty
            ? "has no values: name another --target"
            : "is \(Self.name(distinct.first!)) in every row: there is nothing to learn; name another --target"
        )
      }
      let isFew = distinctCount <= Self.mostWholeNumbers
      let chosen = task ?? (isWhole && isFew ? .classification : .regression)
      let what =
        isWhole
        ? "has \(distinctCount) different whole numbers"
        : "has \(distinctCount) different numbers, not all of them whole"
      note =
        task != nil
        ? nil
        : "\(table.file.name): target '\(column.name)' \(what): "
          + (chosen == .classification
            ? "they are taken for classes; --task regression predicts a number"
            : "a number is predicted; --task classification takes them for classes")
      guard chosen == .classification else {
        kind = .values(numbers)
        return
      }
      try Self.checkCount(distinctCount, of: numbers.count - column.missingCount, fault)
      let order = distinct.sorted()
      let places = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
      kind = .classes(
        order.map(Self.name),
        numbers.withElements { $0.map { $0.isNaN ? -1 : places[$0]! } })
    case .texts(let texts):
      guard texts.distinctCount > 1 else {
        throw fault(
          texts.texts.isEmpty
            ? "has no values: name another --target"
            : "is '\(texts.texts[0])' in every row: there is nothing to learn; name another --target"
        )
      }
      guard task != .regression else { throw try Self.textError(column.name, in: table) }
      try Self.checkCount(texts.distinctCount, of: column.count - column.missingCount, fault)
      let order = texts.texts.indices.sorted { texts.texts[$0] < texts.texts[$1] }
      var labels = [Int32](repeating: 0, count: order.count)
      for (label, code) in order.enumerated() { labels[code] = Int32(label) }
      kind = .classes(
        order.map { texts.texts[$0] },
        texts.codes.withElements { $0.map { $0 == TextCodes.missing ? -1 : labels[Int($0)] } })
      note = nil
    }
  }

  /// The most distinct values of which there can be classes.
  private static let mostClasses = 1 << 16

  /// The distinct ones of some numbers, or the first `mostClasses` and one more; how many there are; and whether all
  /// numbers are whole.
  private static func distinct(
    _ numbers: StoredArray<Double>
  ) -> (numbers: Set<Double>, count: Int, areWhole: Bool) {
    numbers.withElements { all in
      let numbers = all.lazy.filter { !$0.isNaN }
      let areWhole = numbers.allSatisfy { $0 == $0.rounded() && $0.magnitude < 1e15 }
      var distinct: Set<Double> = []
      for number in numbers {
        distinct.insert(number)
        if distinct.count > mostClasses {
          // Zeros of both signs are equal.
          let bits = numbers.map { $0 == 0 ? 0 : $0.bitPattern }
          return (distinct, DistinctCount.count(of: bits), areWhole)
        }
      }
      return (distinct, distinct.count, areWhole)
    }
  }

  /// The error that a column of texts is to be one of numbers.
  private static func textError(_ name: String, in table: Table) throws -> InputError {
    let place = table.names.firstIndex(of: name)!
    var first: (row: Int, text: String)?
    try table.forEachRow { row, cells in
      guard first == nil, case .text = cells.kind(place, hasDecimalCommas: table.hasDecimalCommas)
      else { return }
      first = (row, cells.text(place))
    }
    return InputError(
      .badData,
      "\(table.location(first!.row, name)): '\(first!.text)' is not a number, which --task regression "
        + "needs: correct it, or give --task classification")
  }

  private static func checkCount(
    _ classes: Int, of rows: Int, _ fault: (String) -> InputError
  ) throws {
    guard classes <= max(mostWholeNumbers, rows / 2), classes <= mostClasses else {
      throw fault(
        "has \(classes) different values in \(rows) rows, too many for classes: name another --target, or, for "
          + "numbers, give --task regression")
    }
  }

  /// What the class of a number is called: `3`, or `0.5`.
  static func name(_ number: Double) -> String {
    number == number.rounded() && number.magnitude < 1e15 ? "\(Int(number))" : "\(number)"
  }

  func isMissing(_ row: Int) -> Bool {
    switch kind {
    case .classes(_, let labels): labels[row] < 0
    case .values(let values): values[row].isNaN
    }
  }

  /// The classes of some rows; nil if values are predicted.
  func labels(_ rows: [Int]) -> [Int32]? {
    guard case .classes(_, let labels) = kind else { return nil }
    return rows.map { labels[$0] }
  }
}
