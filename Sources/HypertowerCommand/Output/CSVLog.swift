import Hypertower

/// A log as comma-separated values: columns for what a step has, and for what the result has, each empty in the
/// lines of the other.
///
/// Format: RFC 4180, with lines that end in a line feed.
struct CSVLog {
  /// The names of the hyperparameters of every level that moves a group of parameters; the group is nil where there
  /// are none.
  typealias GroupNames = (group: String?, levels: [[String]])

  private let columns: [String]
  private let names: [GroupNames]
  /// The names of what the last line tells.
  private let result: [String]

  /// How every header begins.
  static let beginning = "step,loss,"

  /// Whether a file that begins with these bytes is a log: the first line is a header, that of an earlier
  /// version included.
  static func beginsLog(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: beginning.utf8) else { return false }
    let names = cells(bytes.prefix { $0 != UInt8(ascii: "\n") })
    // Earlier versions did not name the run.
    let last = names.last == LogResult.runKey ? LogResult.lastKeys : LogResult.lastKeys.dropLast()
    return names.suffix(last.count).elementsEqual(last)
  }

  init(names: [GroupNames], result: [String]) {
    (self.names, self.result) = (names, result)
    columns =
      ["step", "loss"]
      + names.flatMap { group, levels in
        levels.enumerated().flatMap { level, own in
          own.map { "\(group.map { "\($0)." } ?? "")level_\(level).\($0)" }
        }
      } + result
  }

  var header: String { Self.line(columns) }

  func text(_ record: StepRecord) -> String {
    let values = [record.loss] + record.hyperparameters.flatMap { $0.map(\.value) }
    // Numbers need no quotation marks.
    return
      (["\(record.step)"] + values.map { Self.cell(.number($0)) }
      + [String](repeating: "", count: result.count)).joined(separator: ",")
  }

  /// - Precondition: all keys are among those of the result.
  func text(_ members: [(key: String, value: JSONText)]) -> String {
    var cells = [String](repeating: "", count: columns.count)
    for (key, value) in members {
      guard let place = result.firstIndex(of: key) else {
        fatalError("CSVLog: there is no column '\(key)' in \(result)")
      }
      cells[columns.count - result.count + place] = Self.cell(value)
    }
    return Self.line(cells)
  }

  /// The number of the step whose line the bytes begin with; nil if it is no such line.
  func step(of line: ArraySlice<UInt8>) -> Int? {
    let digits = line.prefix { $0 != UInt8(ascii: ",") }
    guard digits.count < line.count, !digits.isEmpty,
      digits.allSatisfy({ 0x30...0x39 ~= $0 }), digits.count == 1 || digits.first != 0x30
    else { return nil }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  /// The first line of a step or a result with the name of the run in its last cell.
  static func naming(_ run: String, in line: ArraySlice<UInt8>) -> [UInt8] {
    line.last == UInt8(ascii: ",") ? line + Array(run.utf8) : Array(line)
  }

  /// The name of the run in a line; nil if it has none.
  func run(of line: ArraySlice<UInt8>) -> String? {
    let name = Self.cell(LogResult.runKey, ofRow: line, header: header.utf8)
    return name.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The line of a step as a log of JSON has it.
  func json(_ line: ArraySlice<UInt8>) -> String {
    var cells = String(decoding: line, as: UTF8.self)
      .split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "null" : String($0) }[...]
    func next() -> String { cells.popFirst() ?? "null" }
    let (step, loss) = (next(), next())
    let groups = names.map { group, levels in
      let objects = levels.map { own in
        "{" + own.map { "\(JSONValue.quoted($0)): \(next())" }.joined(separator: ", ") + "}"
      }
      return (group, "[\(objects.joined(separator: ", "))]")
    }
    let beginning = "{\"step\": \(step), \"loss\": \(loss)"
    guard groups[0].0 != nil else { return "\(beginning), \"hyperparameters\": \(groups[0].1)}" }
    let members = groups.map { "\(JSONValue.quoted($0.0 ?? "")): \($0.1)" }
    return "\(beginning), \"groups\": {\(members.joined(separator: ", "))}}"
  }

  /// What a row says under a name; nil if the header does not have it.
  static func cell(
    _ name: String, ofRow row: some Sequence<UInt8>, header: some Sequence<UInt8>
  ) -> String? {
    let names = cells(header)
    let values = cells(row)
    return names.firstIndex(of: name).flatMap { $0 < values.count ? values[$0] : nil }
  }

  /// The cells of a line, without their quotation marks.
  private static func cells(_ line: some Sequence<UInt8>) -> [String] {
    var (cells, isQuoted, wasQuote): ([[UInt8]], Bool, Bool) = ([[]], false, false)
    for byte in line {
      let isQuote = byte == UInt8(ascii: "\"")
      if isQuote {
        isQuoted.toggle()
        // Two of them in quotation marks stand for one.
        if isQuoted && wasQuote { cells[cells.count - 1].append(byte) }
      } else if byte == UInt8(ascii: ","), !isQuoted {
        cells.append([])
      } else {
        cells[cells.count - 1].append(byte)
      }
      wasQuote = isQuote && !isQuoted
    }
    return cells.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func cell(_ value: JSONText) -> String {
    switch value {
    case .null: ""
    case .string(let text): text
    case .number(let number): number.isFinite ? value.text : ""
    case .integer, .bool, .array, .object: value.text
    }
  }

  private static func line(_ cells: [String]) -> String {
    cells.map(\.csvCell).joined(separator: ",")
  }
}
