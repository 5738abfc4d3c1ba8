import Hypertower

/// A file of rows of which each has the same named columns.
struct Table {
  let file: CSVFile
  /// The names of all columns, in their order.
  let names: [String]
  /// The number of rows below the names.
  let count: Int
  /// The number of rows of the file before the first of these.
  private let offset: Int

  /// - Throws: `InputError(.badData)` if there are no rows, or names are missing or occur twice.
  init(_ file: CSVFile, hasNames: Bool) throws {
    self.file = file
    let columns = 0..<file.columnCount
    offset = hasNames ? 1 : 0
    count = file.rowCount - offset
    guard hasNames else {
      names = columns.map(Self.name(ofColumn:))
      return
    }
    let first = file.texts(0)
    let areNumbers = first.allSatisfy {
      if case .number = CellValue($0, hasDecimalCommas: false) { true } else { false }
    }
    guard !areNumbers else {
      throw InputError(
        .badData,
        "\(file.name): line \(file.line(of: 0)) has only numbers, expected the names of the columns: put names "
          + "there, or give --no-header, which calls them column1, column2, …")
    }
    guard count > 0 else {
      throw InputError(
        .badData,
        "\(file.name): has no rows after the names of the columns: give a file with some, or --no-header if the "
          + "first row has none")
    }
    names = first.enumerated().map { $1.isEmpty ? Self.name(ofColumn: $0) : $1 }
    var places: [String: Int] = [:]
    for (column, name) in names.enumerated() {
      if let other = places.updateValue(column, forKey: name) {
        throw InputError(
          .badData,
          "\(file.name): columns \(other + 1) and \(column + 1) are both called '\(name)': rename one"
        )
      }
    }
  }

  /// What a column without a name is called.
  static func name(ofColumn place: Int) -> String { "column\(place + 1)" }

  /// The place of the column called `name`.
  ///
  /// - Parameter use: what it is named for, such as `--target`.
  /// - Throws: `InputError(.usage)` with the names that there are.
  func place(of name: String, for use: String) throws -> Int {
    guard let place = names.firstIndex(of: name) else {
      let hint =
        nearMiss(of: name, among: names, distance: 2).map { "; did you mean '\($0)'?" } ?? "."
      throw InputError(
        .usage, "\(file.name): there is no column '\(name)' for \(use)\(hint) \(nameList)")
    }
    return place
  }

  /// The names for messages, as many as one can take in.
  var nameList: String {
    "The columns are "
      + names.prefix(50).map { $0.contains(",") ? "'\($0)'" : $0 }.joined(separator: ", ")
      + (names.count > 50 ? ", … (\(names.count) in all)" : "")
  }

  /// The text of a cell.
  func text(_ row: Int, _ column: Int) -> String { file.text(row + offset, column) }

  /// Whether `1,5` is a number: where commas do not separate cells, they separate decimals.
  var hasDecimalCommas: Bool { file.delimiter != "," }

  /// What a cell with that text says.
  func value(of text: String) -> CellValue {
    CellValue(text, hasDecimalCommas: hasDecimalCommas)
  }

  /// Calls `body` with the number of each row below the names and its cells, one row after another.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile; what `body` throws.
  func forEachRow(_ body: (_ row: Int, _ cells: CSVRow) throws -> Void) throws {
    try file.forEachRow(offset..<offset + count) { try body($0 - offset, $1) }
  }

  /// Where a cell is, for messages.
  func location(_ row: Int, _ name: String) -> String {
    "\(file.name): line \(file.line(of: row + offset)), column '\(name)'"
  }
}
