import Hypertower

extension TableEncoding {
  /// The features of some rows, `[rows, featureCount]`, and what to tell the user of them.
  ///
  /// Some rows after others become features, since the features may be larger than memory.
  ///
  /// - Parameters:
  ///   - source: the columns that `columns(of:in:)` returns.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` for a missing value that nothing stands for, in the first column that has
  ///   one; `.cannotWrite` when there is no room for a temporary file.
  func features(
    of source: [TableColumn], rows: [Int], in table: Table, _ budget: MemoryBudget
  ) throws -> (features: StoredArray<Float>, notes: [String]) {
    let width = featureCount
    var features = try StoredArrayBuilder<Float>(
      table.file.name, in: budget, expected: rows.count * width)
    var writers = zip(columns, source).map { ColumnWriter($0, $1, missing) }
    // Of the first column that has one.
    var fault: (column: Int, error: any Error)?
    let length = max(1, Self.blockSize / max(1, width))
    for start in stride(from: 0, to: rows.count, by: length) {
      let own = rows[start..<min(start + length, rows.count)]
      var block = [Float](repeating: 0, count: own.count * width)
      try block.withUnsafeMutableBufferPointer { block in
        var first = 0
        for column in 0..<(fault?.column ?? columns.count) {
          do {
            try writers[column].write(own, to: block, at: first, width: width, table)
          } catch {
            fault = (column, error)
            break
          }
          first += columns[column].width
        }
        if fault == nil { try features.append(contentsOf: UnsafeBufferPointer(block)) }
      }
    }
    if let fault { throw fault.error }
    return (try features.finish(), writers.compactMap { $0.note(table) })
  }

  /// How many features are made at a time.
  private static let blockSize = 1 << 18
}

/// Writes the features that a column's cells become.
private struct ColumnWriter {
  private let column: TableEncoding.Column
  private let cells: TableColumn
  private let missing: TableOptions.Missing?
  /// The place among the column's features of each text by its code; −1 if it has none.
  private var places: [Int] = []
  /// The place of the text that stands for missing ones; nil: none.
  private var fillPlace: Int?
  /// The first text that has no feature, and the number of such cells.
  private var unknown: (row: Int, text: String, count: Int)?

  init(
    _ column: TableEncoding.Column, _ cells: TableColumn, _ missing: TableOptions.Missing?
  ) {
    (self.column, self.cells, self.missing) = (column, cells, missing)
    if case .category(let texts, let fill) = column.content, case .texts(let own) = cells.values {
      let known = Dictionary(uniqueKeysWithValues: zip(texts, 0...))
      places = own.texts.map { known[$0] ?? -1 }
      fillPlace = fill.flatMap { known[$0] }
    }
  }

  /// Writes the features of some rows.
  ///
  /// - Parameters:
  ///   - block: the features of these rows, of which those of this column are 0.
  ///   - first: the number of features before the column's.
  ///   - width: the number of features of a row.
  mutating func write(
    _ rows: ArraySlice<Int>, to block: UnsafeMutableBufferPointer<Float>, at first: Int, width: Int,
    _ table: Table
  ) throws {
    switch (column.content, cells.values) {
    case (.number(let standardization, let fill), .numbers(let numbers)):
      try numbers.withElements { numbers in
        var place = first
        for row in rows {
          guard let number = numbers[row].isNaN ? fill : numbers[row] else {
            throw missingValue(row, table)
          }
          let feature = Float(standardization(number))
          guard feature.isFinite else {
            throw InputError(
              .badData,
              "\(table.location(row, column.name)): \(number) is too far from the training data's mean of "
                + "\(standardization.mean): correct it")
          }
          block[place] = feature
          place += width
        }
      }
    case (.category, .texts(let texts)):
      try texts.codes.withElements { codes in
        var place = first
        for row in rows {
          if let own = try self.place(of: codes[row], texts, row, table) { block[place + own] = 1 }
          place += width
        }
      }
    case (.number, .texts), (.category, .numbers):
      fatalError("features: column '\(column.name)' is of another kind")
    }
  }

  /// The place among the column's features of a row's text; nil if it has none.
  private mutating func place(
    of code: Int32, _ texts: TextCodes, _ row: Int, _ table: Table
  ) throws -> Int? {
    if code == TextCodes.missing {
      guard let missing, missing != .drop else { throw missingValue(row, table) }
      return fillPlace
    }
    if code != TextCodes.other, places[Int(code)] >= 0 { return places[Int(code)] }
    if unknown == nil {
      let text =
        code == TextCodes.other
        ? table.text(row, table.names.firstIndex(of: column.name)!) : texts.texts[Int(code)]
      unknown = (row, text, 0)
    }
    unknown!.count += 1
    return nil
  }

  /// What to tell the user of texts without features.
  func note(_ table: Table) -> String? {
    guard let unknown else { return nil }
    return
      "\(table.location(unknown.row, column.name)): '\(unknown.text)' is not in the training data: it counts "
      + "as none of the column's \(column.width) texts" + TableFaults.others(unknown.count - 1)
  }

  /// The error that nothing stands for a missing value.
  private func missingValue(_ row: Int, _ table: Table) -> InputError {
    let what =
      if let odd = cells.oddCell, odd.row == row {
        "'\(odd.text)' is not a number"
      } else {
        "a value is missing"
      }
    return InputError(
      .badData,
      "\(table.location(row, column.name)): \(what), and the network was trained "
        + (missing == .drop ? "without rows that miss some" : "on a table that misses none")
        + ": fill it in, or train with --missing mean")
  }
}
