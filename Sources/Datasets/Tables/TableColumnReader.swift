import Hypertower

/// Which column of a table is read, and as what.
struct ColumnRequest {
  let place: Int
  /// Whether numbers are texts, too; nil: what the cells suggest.
  var isCategory: Bool?
  /// Texts that are known; nil: those of the column, all of them if it is a category.
  var texts: [String]?
  /// Whether its texts may be classes; otherwise columns of very many texts are of no use.
  var isTarget = false
}

extension Table {
  /// Reads columns, all of them in one or two passes over the file, which may be larger than memory.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` if the file was cut short meanwhile, `.cannotWrite` when there is no room
  ///   for a temporary file.
  func columns(_ requests: [ColumnRequest], in budget: MemoryBudget) throws -> [TableColumn] {
    // A table may have many columns, each with a file.
    let bufferSize = max(1 << 12, min(1 << 16, (1 << 24) / max(1, requests.count)))
    var numbers: [(index: Int, collector: NumberCollector)] = []
    for (index, request) in requests.enumerated() where request.isCategory != true {
      numbers.append(
        (
          index,
          try NumberCollector(
            file.name, place: request.place, count: count, in: budget, bufferSize: bufferSize)
        ))
    }
    if !numbers.isEmpty {
      try forEachRow { row, cells in
        for number in numbers.indices {
          try numbers[number].collector.add(row, cells, hasDecimalCommas: hasDecimalCommas)
        }
      }
    }
    var columns = [TableColumn?](repeating: nil, count: requests.count)
    for number in numbers.indices {
      let request = requests[numbers[number].index]
      if request.isCategory == false || numbers[number].collector.areNumbers {
        columns[numbers[number].index] = try numbers[number].collector.column(names[request.place])
      } else {
        numbers[number].collector.discard()
      }
    }
    numbers = []
    var texts: [(index: Int, collector: TextCollector)] = []
    for (index, request) in requests.enumerated() where columns[index] == nil {
      texts.append(
        (
          index,
          try TextCollector(file.name, request, count: count, in: budget, bufferSize: bufferSize)
        ))
    }
    if !texts.isEmpty {
      try forEachRow { row, cells in
        for text in texts.indices { try texts[text].collector.add(cells) }
      }
    }
    for text in texts.indices {
      let index = texts[text].index
      columns[index] = try texts[text].collector.column(names[requests[index].place])
    }
    return columns.map { $0! }
  }
}

/// The cells of a column as numbers.
private struct NumberCollector {
  private let place: Int
  private var numbers: StoredArrayBuilder<Double>
  private var (numberCount, missingCount) = (0, 0)
  private var odd: (row: Int, text: String, count: Int)?

  init(
    _ name: String, place: Int, count: Int, in budget: MemoryBudget, bufferSize: Int
  ) throws {
    self.place = place
    numbers = try StoredArrayBuilder(
      name, in: budget, expected: count, bufferSize: bufferSize)
  }

  /// Whether the cells suggest a column of numbers, perhaps with faults.
  var areNumbers: Bool {
    let share = Double(numberCount) / Double(max(1, numberCount + (odd?.count ?? 0)))
    return share >= TableColumn.numberShare
  }

  mutating func add(_ row: Int, _ cells: CSVRow, hasDecimalCommas: Bool) throws {
    switch cells.kind(place, hasDecimalCommas: hasDecimalCommas) {
    case .number(let number):
      numberCount += 1
      try numbers.append(number)
      return
    case .missing: missingCount += 1
    case .text:
      odd = odd ?? (row, cells.text(place), 0)
      odd!.count += 1
    }
    try numbers.append(.nan)
  }

  mutating func column(_ name: String) throws -> TableColumn {
    TableColumn(
      name: name, values: .numbers(try numbers.finish()),
      missingCount: missingCount + (odd?.count ?? 0), oddCell: odd)
  }

  mutating func discard() { numbers.discard() }
}

/// The cells of a column as texts.
private struct TextCollector {
  private let place: Int
  private let name: String
  private let budget: MemoryBudget
  /// How many texts are kept: as many as there may be classes, or more than a column of use has.
  private let limit: Int
  private var codes: StoredArrayBuilder<Int32>
  private var places: [String: Int32] = [:]
  private var texts: [String] = []
  private var missingCount = 0
  /// The hash of each text that was not kept.
  private var others: StoredArrayBuilder<UInt64>?

  init(
    _ name: String, _ request: ColumnRequest, count: Int, in budget: MemoryBudget, bufferSize: Int
  ) throws {
    (self.name, self.budget, place) = (name, budget, request.place)
    // Each text of a category becomes a feature.
    limit =
      request.isCategory == true && request.texts == nil
      ? .max : request.isTarget ? 1 << 16 : TableColumn.mostTexts + 1
    codes = try StoredArrayBuilder(name, in: budget, expected: count, bufferSize: bufferSize)
    texts = request.texts ?? []
    places = Dictionary(uniqueKeysWithValues: zip(texts, Int32(0)...))
  }

  mutating func add(_ cells: CSVRow) throws {
    let text = cells.text(place)
    let code = try places[text] ?? newCode(text)
    if code == TextCodes.missing { missingCount += 1 }
    try codes.append(code)
  }

  private mutating func newCode(_ text: String) throws -> Int32 {
    if CellValue.isMissing(text) {
      places[text] = TextCodes.missing
      return TextCodes.missing
    }
    guard texts.count >= limit else {
      let code = Int32(texts.count)
      places[text] = code
      texts.append(text)
      return code
    }
    if others == nil { others = try StoredArrayBuilder(name, in: budget) }
    try others!.append(UInt64(bitPattern: Int64(text.hashValue)))
    return TextCodes.other
  }

  mutating func column(_ name: String) throws -> TableColumn {
    let others = try others?.finish()
    let otherCount = others.map { $0.withElements { DistinctCount.count(of: $0) } } ?? 0
    if let others { budget.giveBack(others) }
    return TableColumn(
      name: name,
      values: .texts(
        TextCodes(
          codes: try codes.finish(), texts: texts, distinctCount: texts.count + otherCount)),
      missingCount: missingCount, oddCell: nil)
  }
}
