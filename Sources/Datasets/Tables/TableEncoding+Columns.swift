import Hypertower

extension TableEncoding {
  /// The columns of a table that features come from, in their order; others are ignored.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` if one is missing, `.cannotWrite` when there is no room for a temporary
  ///   file.
  func columns(of table: Table, in budget: MemoryBudget) throws -> [TableColumn] {
    try checkColumnCount(of: table)
    let requests = try columns.map { column in
      guard let place = table.names.firstIndex(of: column.name) else {
        let hint =
          nearMiss(of: column.name, among: table.names, distance: 2).map { "; is it '\($0)'?" }
          ?? "."
        throw InputError(
          .badData,
          "\(table.file.name): there is no column '\(column.name)', from which the network predicts\(hint) "
            + table.nameList)
      }
      return switch column.content {
      case .number: ColumnRequest(place: place, isCategory: false)
      case .category(let texts, _): ColumnRequest(place: place, isCategory: true, texts: texts)
      }
    }
    return try table.columns(requests, in: budget)
  }

  /// Checks that a table whose columns are known by their places has all of them; the target may be missing where it is
  /// the last.
  private func checkColumnCount(of table: Table) throws {
    guard let columnCount, table.names.count != columnCount else { return }
    let lacksTarget =
      table.names.count == columnCount - 1 && target == Table.name(ofColumn: columnCount - 1)
    guard !lacksTarget else { return }
    throw InputError(
      .badData,
      "\(table.file.name): has \(table.names.count) columns, expected \(columnCount) as in training, since columns "
        + "without names are known by their places: give all of them, also the target's, '\(target)', whose cells "
        + "may be empty")
  }
}
