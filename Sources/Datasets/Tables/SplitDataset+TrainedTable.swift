import Hypertower

extension SplitDataset {
  /// Reads a table as one that a network was trained on, to measure the network.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - encoding: what was kept with the weights, of a table.
  ///   - delimiter: what separates cells; default: what the first line suggests.
  ///   - split: the parts that such a run held back; default: all samples are the test data.
  /// - Throws: `InputError`, as `table(_:_:split:)`.
  public static func table(
    _ path: String, as encoding: SampleEncoding, delimiter: String? = nil, split: Split = Split()
  ) throws -> SplitDataset {
    try table(path, as: encoding, delimiter: delimiter, split: split, in: MemoryBudget())
  }

  /// The same with a limit on what lies in memory.
  package static func table(
    _ path: String, as encoding: SampleEncoding, delimiter: String? = nil, split: Split = Split(),
    in budget: MemoryBudget
  ) throws -> SplitDataset {
    let file = try CSVFile(contentsOf: path, delimiter: delimiter, in: budget)
    let own = encoding.table!
    let table = try Table(file, hasNames: own.hasNames)
    guard table.names.contains(own.target) else {
      throw InputError(
        .badData,
        "\(path): there is no column '\(own.target)', which the network predicts and is measured by: give a "
          + "table with it, or use `hypertower predict`. \(table.nameList)")
    }
    let columns = try own.columns(of: table, in: budget)
    let target = try encoding.target(of: table, in: budget)
    var rows: [Int] = []
    for row in 0..<table.count {
      if own.missing == nil && target.isMissing(row) {
        throw InputError(
          .badData,
          "\(table.location(row, own.target)): a value is missing, by which the network is measured: fill it in, "
            + "or remove the row")
      }
      let isLeftOut =
        target.isMissing(row)
        || own.missing == .drop && columns.contains { $0.isMissing(row) }
      if !isLeftOut { rows.append(row) }
    }
    guard !rows.isEmpty else {
      throw InputError(.badData, "\(path): no row is complete: give a table with some")
    }
    var notes =
      rows.count == table.count
      ? []
      : [table.noteOfRowsLeftOut(table.count - rows.count, own.missing)]
    notes += TableFaults(columns, in: table).notes
    let parts = try split.parts(count: rows.count, labels: target.labels(rows))
    func part(_ rows: [Int]) throws -> Dataset {
      let width = own.featureCount
      let (features, notesOfRows) = try own.features(of: columns, rows: rows, in: table, budget)
      let data = Dataset(
        count: rows.count, featureCount: width, features: try features.features(width: width),
        targets: encoding.targets(target.kind, rows))
      notes += notesOfRows + [data.diskNote(path)].compactMap { $0 }
      return data
    }
    let isWhole = parts.validation == nil && parts.test == nil
    let train = try part(parts.train.map { rows[$0] })
    return try SplitDataset(
      train: train, validation: parts.validation.map { try part($0.map { rows[$0] }) },
      test: isWhole ? train : parts.test.map { try part($0.map { rows[$0] }) },
      sampleShape: [own.featureCount], encoding: encoding, notes: notes)
  }
}

extension SampleEncoding {
  /// What the rows of a table say of the target.
  ///
  /// - Throws: `InputError(.badData)` for what is no class, or no number.
  fileprivate func target(of table: Table, in budget: MemoryBudget) throws -> TableTarget {
    let name = self.table!.target
    let place = try table.place(of: name, for: "the target")
    func fault(_ row: Int, _ what: String) -> InputError {
      InputError(
        .badData,
        "\(table.location(row, name)): '\(table.text(row, place))' is \(what): correct it, or remove the row"
      )
    }
    guard let classNames else {
      var values = try StoredArrayBuilder<Double>(
        table.file.name, in: budget, expected: table.count)
      try table.forEachRow { row, cells in
        switch cells.kind(place, hasDecimalCommas: table.hasDecimalCommas) {
        case .missing: try values.append(.nan)
        case .number(let number): try values.append(number)
        case .text: throw fault(row, "not a number")
        }
      }
      return TableTarget(kind: .values(try values.finish()))
    }
    let places = Dictionary(uniqueKeysWithValues: zip(classNames, Int32(0)...))
    var labels: [Int32] = []
    labels.reserveCapacity(table.count)
    try table.forEachRow { row, cells in
      let text = cells.text(place)
      if let label = places[text] {
        labels.append(label)
        return
      }
      let value = table.value(of: text)
      if case .number(let number) = value, let label = places[TableTarget.name(number)] {
        labels.append(label)
        return
      }
      guard value == .missing else {
        throw fault(
          row,
          "no class that the network knows, which are \(classNames.prefix(20).joined(separator: ", "))"
            + (classNames.count > 20 ? ", …" : ""))
      }
      labels.append(-1)
    }
    return TableTarget(kind: .classes(classNames, labels))
  }
}
