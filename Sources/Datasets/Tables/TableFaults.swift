import Hypertower

/// The cells of a table that have no value, though one is needed.
struct TableFaults {
  /// The rows with such cells, in order.
  let rows: [Int]
  private let columns: [TableColumn]
  private let table: Table

  /// - Parameter columns: those whose values are needed.
  init(_ columns: [TableColumn], in table: Table) {
    self.columns = columns.filter { $0.missingCount > 0 }
    self.table = table
    let own = self.columns
    rows = own.isEmpty ? [] : (0..<table.count).filter { row in own.contains { $0.isMissing(row) } }
  }

  /// The error that they are, unless there are none.
  func check() throws {
    guard let row = rows.first, let column = columns.first(where: { $0.isMissing(row) }) else {
      return
    }
    let what =
      if let odd = column.oddCell, odd.row == row {
        "'\(odd.text)' is not a number, as others of the column are"
      } else {
        "a value is missing"
      }
    throw InputError(.badData, "\(table.location(row, column.name)): \(what); \(extentAndRemedy)")
  }

  /// How many rows and which columns are concerned, and what to do about them.
  var extentAndRemedy: String {
    let names = columns.prefix(10).map(\.name).joined(separator: ", ")
    return "\(rows.count) of \(table.count) rows have such cells, in "
      + "\(columns.count == 1 ? "the column" : "the columns") \(names)\(columns.count > 10 ? ", …" : ""): "
      + "correct them, or give --missing mean (the column's mean or most frequent text stands for them), "
      + "median, zero, or drop (such rows are left out)"
  }

  /// That so many more cells of a column are like one that was told of.
  static func others(_ count: Int) -> String {
    switch count {
    case 0: ""
    case 1: ", as does one further cell of the column"
    default: ", as do \(count) further cells of the column"
    }
  }

  /// What to tell the user of cells that are no numbers and count as missing.
  var notes: [String] {
    columns.compactMap { column in
      column.oddCell.map { odd in
        "\(table.location(odd.row, column.name)): '\(odd.text)' is not a number and counts as missing"
          + Self.others(odd.count - 1)
      }
    }
  }
}
