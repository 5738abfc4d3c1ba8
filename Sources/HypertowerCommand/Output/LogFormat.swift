import Hypertower

/// How a log writes its lines.
enum LogFormat {
  /// One JSON object a line.
  case json
  /// Comma-separated values under a line of names.
  case csv(CSVLog)

  /// What the ending of a log's path says.
  ///
  /// - Parameters:
  ///   - names: those of every level's hyperparameters, group by group.
  ///   - measures: what the network is tested on.
  init(path: String, names: [CSVLog.GroupNames], measures: [Measure]) {
    self =
      Self.isCSV(path)
      ? .csv(CSVLog(names: names, result: LogResult.keys(measures))) : .json
  }

  private static func isCSV(_ path: String) -> Bool { path.lowercased().hasSuffix(".csv") }

  /// Whether a log may begin with these few bytes; `beginsLog` tells it by the first line.
  static func mayBeginLog(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: "{\"".utf8) || bytes.starts(with: CSVLog.beginning.utf8)
  }

  /// Whether a file that begins with these bytes is a log.
  static func beginsLog(_ bytes: [UInt8]) -> Bool {
    StepLine.beginsLog(bytes) || CSVLog.beginsLog(bytes)
  }

  /// The first line; nil if lines say themselves what they are.
  var header: String? {
    switch self {
    case .json: nil
    case .csv(let log): log.header
    }
  }

  /// The beginning of a log: the header, and lines of which the first has the run's name.
  ///
  /// - Parameter lines: whole ones, each with its end; at least one.
  func beginning(_ lines: [UInt8], run: String) -> [UInt8] {
    let end = lines.firstIndex(of: UInt8(ascii: "\n")) ?? lines.endIndex
    let first =
      switch self {
      case .json: StepLine.naming(run, in: lines[..<end])
      case .csv: CSVLog.naming(run, in: lines[..<end])
      }
    return (header.map { Array("\($0)\n".utf8) } ?? []) + first + lines[end...]
  }

  /// The name of the run in the first line of a log; nil if an earlier version began it.
  func run(of line: ArraySlice<UInt8>) -> String? {
    switch self {
    case .json: StepLine.run(of: line)
    case .csv(let log): log.run(of: line)
    }
  }

  /// The line of a step.
  func text(_ record: StepRecord) -> String {
    switch self {
    case .json: StepLine.text(record)
    case .csv(let log): log.text(record)
    }
  }

  /// The last line, which tells the result.
  func text(_ result: [(key: String, value: JSONText)]) -> String {
    switch self {
    case .json: JSONText.object(result).text
    case .csv(let log): log.text(result)
    }
  }

  /// The number of the step whose line the bytes begin with; nil if it is no such line.
  func step(of line: ArraySlice<UInt8>) -> Int? {
    switch self {
    case .json: StepLine.step(of: line)
    case .csv(let log): log.step(of: line)
    }
  }

  /// What a checkpoint keeps of a step's line, by which the run's log is known again; of any format the same.
  func hash(_ line: ArraySlice<UInt8>) -> String {
    switch self {
    case .json: StepLine.hash(StepLine.withoutRun(line))
    case .csv(let log): StepLine.hash(log.json(line).utf8)
    }
  }
}

/// What the last line of a log tells.
enum LogResult {
  /// The name of the run, which the first line tells, too.
  static let runKey = "run"

  /// The names that follow those of the measurements.
  static let lastKeys = [
    "steps", "seconds", "device", "schedules", "tower", "error", "interrupted", runKey,
  ]

  /// All names that it may have, in their order.
  static func keys(_ measures: [Measure]) -> [String] { measures.flatMap(\.logKeys) + lastKeys }
}
