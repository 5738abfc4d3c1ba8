import Hypertower

extension SplitDataset {
  /// Reads a table: a file of comma-separated values (RFC 4180), or with another delimiter, compressed by gzip or not.
  ///
  /// Each row is a sample. Columns of numbers are standardized, columns of texts one-hot, by what the samples to train on
  /// have. A target of texts or of few whole numbers is a class, any other a value, which is standardized, too.
  ///
  /// What is larger than may lie in memory stays on disk; see `MappedRows`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - options: how it is to be understood; the target must be named.
  ///   - split: what is held back, with the same share of each class; default: nothing.
  /// - Throws: `InputError` of kind `.missingInput` when the file cannot be read, `.badData` when it is damaged or
  ///   misses values, `.usage` when an option does not fit it, `.cannotWrite` when there is no room for a temporary
  ///   file.
  public static func table(
    _ path: String, _ options: TableOptions, split: Split = Split()
  ) throws -> SplitDataset {
    try table(path, options, split: split, in: MemoryBudget())
  }

  /// The same with a limit on what lies in memory.
  package static func table(
    _ path: String, _ options: TableOptions, split: Split = Split(), in budget: MemoryBudget
  ) throws -> SplitDataset {
    try table(
      CSVFile(contentsOf: path, delimiter: options.delimiter, in: budget), options, split: split,
      in: budget)
  }

  /// The same of a file's rows.
  package static func table(
    _ file: CSVFile, _ options: TableOptions, split: Split = Split(),
    in budget: MemoryBudget = MemoryBudget()
  ) throws -> SplitDataset {
    let (table, path) = (try Table(file, hasNames: options.hasNames), file.name)
    guard let name = options.target else { throw try table.missingTarget(options, in: budget) }
    let place = try table.place(of: name, for: "--target")
    var notes: [String] = []
    let (columns, targetColumn) = try table.usedColumns(
      besides: place, options, &notes, in: budget)
    let target = try TableTarget(targetColumn, task: options.task, in: table)
    if let note = target.note { notes.append(note) }
    let faults = TableFaults(columns + [targetColumn], in: table)
    if options.missing == nil { try faults.check() }
    notes += faults.notes
    var faulty = faults.rows[...]
    let rows = (0..<table.count).filter { row in
      guard options.missing == .drop else { return !target.isMissing(row) }
      guard faulty.first == row else { return true }
      faulty.removeFirst()
      return false
    }
    if rows.count < table.count {
      notes.append(table.noteOfRowsLeftOut(table.count - rows.count, options.missing))
    }
    guard !rows.isEmpty else {
      throw InputError(
        .badData, "\(path): no row is complete: give --missing mean instead of drop")
    }
    let parts = try split.parts(count: rows.count, labels: target.labels(rows))
    let train = parts.train.map { rows[$0] }
    let encoding = TableEncoding(
      columns, target: name, rows: train, columnCount: table.names.count, options)
    guard encoding.featureCount > 0 else {
      throw InputError(
        .badData,
        "\(path): no column has a value in the \(train.count) rows to train on: give a table with more rows"
      )
    }
    let samples: SampleEncoding =
      switch target.kind {
      case .classes(let names, _):
        SampleEncoding(classCount: names.count, classNames: names, table: encoding)
      case .values(let values):
        SampleEncoding(
          values: [
            values.withElements { values in Standardization(of: train.lazy.map { values[$0] }) }
          ], table: encoding)
      }
    // Columns without a value in these rows have no features.
    let places = Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0) })
    let used = encoding.columns.map { places[$0.name]! }
    func part(_ rows: [Int]) throws -> Dataset {
      let (features, own) = try encoding.features(of: used, rows: rows, in: table, budget)
      let data = Dataset(
        count: rows.count, featureCount: encoding.featureCount,
        features: try features.features(width: encoding.featureCount),
        targets: samples.targets(target.kind, rows))
      notes += own + [data.diskNote(path)].compactMap { $0 }
      return data
    }
    return try SplitDataset(
      train: part(train), validation: parts.validation.map { try part($0.map { rows[$0] }) },
      test: parts.test.map { try part($0.map { rows[$0] }) },
      sampleShape: [encoding.featureCount], encoding: samples, notes: notes)
  }
}

extension Table {
  /// What to tell the user of rows that are left out.
  ///
  /// - Parameters:
  ///   - count: how many there are.
  ///   - missing: what becomes of missing values.
  func noteOfRowsLeftOut(_ count: Int, _ missing: TableOptions.Missing?) -> String {
    "\(file.name): \(count) of \(self.count) rows are left out, which miss "
      + (missing == .drop ? "values" : "the target")
  }

  /// The error that no target is named; it also tells of missing values, so that the next try succeeds.
  fileprivate func missingTarget(
    _ options: TableOptions, in budget: MemoryBudget
  ) throws -> InputError {
    let columns = try columns(names.indices.map { ColumnRequest(place: $0) }, in: budget)
    let faults = TableFaults(columns, in: self)
    let missing =
      faults.rows.isEmpty || options.missing != nil
      ? "" : ". Values are missing, too: \(faults.extentAndRemedy)"
    return InputError(
      .usage, "\(file.name): which column is predicted? Name it by --target. \(nameList)\(missing)")
  }

  /// The columns that something can be learned from, and that of the target; what to tell the user of the others.
  fileprivate func usedColumns(
    besides target: Int, _ options: TableOptions, _ notes: inout [String], in budget: MemoryBudget
  ) throws -> (columns: [TableColumn], target: TableColumn) {
    let ignored = try Set(options.ignored.map { try place(of: $0, for: "--ignore") })
    let categories = try Set(options.categories.map { try place(of: $0, for: "--categories") })
    let places = names.indices.filter { $0 != target && !ignored.contains($0) }
    var columns = try columns(
      places.map { ColumnRequest(place: $0, isCategory: categories.contains($0) ? true : nil) }
        + [ColumnRequest(place: target, isTarget: true)], in: budget)
    let targetColumn = columns.removeLast()
    var used: [TableColumn] = []
    for (place, column) in zip(places, columns) {
      if !categories.contains(place), let reason = column.uselessness {
        notes.append("\(file.name): column '\(column.name)' is left out: it \(reason)")
      } else {
        used.append(column)
      }
    }
    guard !used.isEmpty else {
      throw InputError(
        .badData,
        "\(file.name): no column is left to predict '\(names[target])' from: give a table with others; a column "
          + "of many texts is used if --categories names it")
    }
    return (used, targetColumn)
  }
}

extension SampleEncoding {
  /// The targets of some rows.
  func targets(_ kind: TableTarget.Kind, _ rows: [Int]) -> Dataset.Targets {
    switch kind {
    case .classes(let names, let labels):
      .classes(rows.map { labels[$0] }, classCount: names.count)
    case .values(let numbers):
      .values(
        numbers.withElements { numbers in rows.map { Float(values[0](numbers[$0])) } }, width: 1)
    }
  }
}
