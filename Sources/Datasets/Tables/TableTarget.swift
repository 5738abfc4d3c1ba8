import Hypertower

/// What a table's rows are to predict: a class or a number.
struct TableTarget {
  enum Kind {
    /// The names of the classes, in order, and the class of each row; −1 where it is missing.
    case classes([String], [Int32])
    /// The value of each row; NaN where it is missing.
    case values([Double])
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
      let distinct = Set(numbers.filter { !$0.isNaN })
      guard distinct.count > 1 else {
        throw fault(
          distinct.isEmpty
            ? "has no values: name another --target"
            : "is \(Self.name(distinct.first!)) in every row: there is nothing to learn; name another --target"
        )
      }
      let isWhole = distinct.allSatisfy { $0 == $0.rounded() && $0.magnitude < 1e15 }
      let isFew = distinct.count <= Self.mostWholeNumbers
      let chosen = task ?? (isWhole && isFew ? .classification : .regression)
      let what =
        isWhole
        ? "has \(distinct.count) different whole numbers"
        : "has \(distinct.count) different numbers, not all of them whole"
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
      try Self.checkCount(distinct.count, of: numbers.count { !$0.isNaN }, fault)
      let order = distinct.sorted()
      let places = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
      kind = .classes(order.map(Self.name), numbers.map { $0.isNaN ? -1 : places[$0]! })
    case .texts(let texts):
      let present = texts.compactMap { $0 }
      let order = Set(present).sorted()
      guard order.count > 1 else {
        throw fault(
          order.isEmpty
            ? "has no values: name another --target"
            : "is '\(order[0])' in every row: there is nothing to learn; name another --target")
      }
      guard task != .regression else {
        let row = (0..<texts.count).first {
          if case .text = table.value(of: texts[$0] ?? "") { true } else { false }
        }!
        throw InputError(
          .badData,
          "\(table.location(row, column.name)): '\(texts[row]!)' is not a number, which --task regression "
            + "needs: correct it, or give --task classification")
      }
      try Self.checkCount(order.count, of: present.count, fault)
      let places = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
      kind = .classes(order, texts.map { $0.map { places[$0]! } ?? -1 })
      note = nil
    }
  }

  private static func checkCount(
    _ classes: Int, of rows: Int, _ fault: (String) -> InputError
  ) throws {
    guard classes <= max(mostWholeNumbers, rows / 2), classes <= 1 << 16 else {
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
