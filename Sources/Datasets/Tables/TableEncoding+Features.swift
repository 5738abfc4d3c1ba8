import Hypertower

extension TableEncoding {
  /// The columns of a table that features come from, in their order; others are ignored.
  ///
  /// - Throws: `InputError(.badData)` if one is missing.
  func columns(of table: Table) throws -> [TableColumn] {
    try checkColumnCount(of: table)
    return try columns.map { column in
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
      case .number: table.column(place, isCategory: false)
      case .category: table.column(place, isCategory: true)
      }
    }
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

  /// The features of some rows, `[rows, featureCount]`, and what to tell the user of them.
  ///
  /// - Parameter source: the columns that `columns(of:)` returns.
  /// - Throws: `InputError(.badData)` for a missing value that nothing stands for.
  func features(
    of source: [TableColumn], rows: [Int], in table: Table
  ) throws -> (features: [Float], notes: [String]) {
    let width = featureCount
    try MachineMemory.check(rows.count * width * MemoryLayout<Float>.size, for: table.file.name)
    var features = [Float](repeating: 0, count: rows.count * width)
    var (notes, first) = ([String](), 0)
    for (column, cells) in zip(columns, source) {
      switch (column.content, cells.values) {
      case (.number(let standardization, let fill), .numbers(let numbers)):
        for (place, row) in rows.enumerated() {
          let number = numbers[row].isNaN ? fill : numbers[row]
          guard let number else { throw missingValue(row, column.name, cells, table) }
          let feature = Float(standardization(number))
          guard feature.isFinite else {
            throw InputError(
              .badData,
              "\(table.location(row, column.name)): \(number) is too far from the training data's mean of "
                + "\(standardization.mean): correct it")
          }
          features[place * width + first] = feature
        }
      case (.category(let texts, let fill), .texts(let own)):
        let places = Dictionary(uniqueKeysWithValues: zip(texts, 0...))
        var unknown: (row: Int, text: String, count: Int)?
        for (place, row) in rows.enumerated() {
          guard own[row] != nil || missing.map({ $0 != .drop }) ?? false else {
            throw missingValue(row, column.name, cells, table)
          }
          guard let text = own[row] ?? fill else { continue }
          if let category = places[text] {
            features[place * width + first + category] = 1
          } else {
            unknown = (unknown?.row ?? row, unknown?.text ?? text, (unknown?.count ?? 0) + 1)
          }
        }
        if let unknown {
          notes.append(
            "\(table.location(unknown.row, column.name)): '\(unknown.text)' is not in the training data: it counts "
              + "as none of the column's \(texts.count) texts"
              + TableFaults.others(unknown.count - 1))
        }
      case (.number, .texts), (.category, .numbers):
        fatalError("features: column '\(column.name)' is of another kind")
      }
      first += column.width
    }
    return (features, notes)
  }

  private func missingValue(
    _ row: Int, _ name: String, _ cells: TableColumn, _ table: Table
  ) -> InputError {
    let what =
      if let odd = cells.oddCell, odd.row == row {
        "'\(odd.text)' is not a number"
      } else {
        "a value is missing"
      }
    return InputError(
      .badData,
      "\(table.location(row, name)): \(what), and the network was trained "
        + (missing == .drop ? "without rows that miss some" : "on a table that misses none")
        + ": fill it in, or train with --missing mean")
  }
}
