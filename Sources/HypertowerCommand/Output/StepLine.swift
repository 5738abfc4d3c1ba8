import Hypertower
import OpenCL

/// The line of one step.
enum StepLine {
  /// How the line of a step begins.
  static func beginning(_ step: Int) -> String { "{\"step\": \(step), " }

  /// The number of the step whose line the bytes begin with; nil if it is no such line.
  static func step(of bytes: ArraySlice<UInt8>) -> Int? {
    let digits = bytes.dropFirst("{\"step\": ".utf8.count).prefix { 0x30...0x39 ~= $0 }
    guard let step = Int(String(decoding: digits, as: UTF8.self)),
      bytes.starts(with: beginning(step).utf8)
    else { return nil }
    return step
  }

  /// Whether a file that begins with these bytes is a log: its first line is that of a step, or says
  /// how a run without steps ended.
  static func beginsLog(_ bytes: [UInt8]) -> Bool {
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    guard let first = try? JSONValue(parsing: line, name: ""), let members = first.object else {
      return false
    }
    if first["step"] != nil {
      return first["step"]?.int != nil && first["loss"] != nil
        && (first["hyperparameters"]?.array != nil || first["groups"]?.object != nil)
        && members.allSatisfy { stepKeys.contains($0.key) }
    }
    return first["steps"]?.int != nil
      && ["tower", "error", "interrupted"].contains { first[$0]?.string != nil }
  }

  private static let stepKeys = ["step", "loss", "hyperparameters", "groups", LogResult.runKey]

  /// What a checkpoint keeps of a line, by which the run's log is known again.
  static func hash(_ line: some Sequence<UInt8>) -> String { String(fnv1a64(line), radix: 16) }

  // MARK: The name of the run

  private static let runMember = ", \"\(LogResult.runKey)\": \""

  /// The line of a JSON object with the name of the run as its last member.
  static func naming(_ run: String, in line: ArraySlice<UInt8>) -> [UInt8] {
    guard Self.run(of: line) == nil else { return Array(line) }
    return line.dropLast() + Array("\(runMember)\(run)\"}".utf8)
  }

  /// The name of the run in a line; nil if it has none.
  static func run(of line: ArraySlice<UInt8>) -> String? {
    (try? JSONValue(parsing: line, name: ""))?[LogResult.runKey]?.string
  }

  /// The line as the step alone makes it.
  static func withoutRun(_ line: ArraySlice<UInt8>) -> [UInt8] {
    guard let name = run(of: line) else { return Array(line) }
    let end = "\(runMember)\(name)\"}".utf8
    return line.suffix(end.count).elementsEqual(end)
      ? line.dropLast(end.count) + [UInt8(ascii: "}")] : Array(line)
  }

  static func text(_ record: StepRecord) -> String {
    func levels(_ group: StepRecord.Group) -> JSONText {
      .array(
        group.hyperparameters.map { level in
          .object(level.map { ($0.name, .number($0.value)) })
        })
    }
    let groups = record.groups
    return JSONText.object([
      ("step", .integer(record.step)), ("loss", .number(record.loss)),
      groups[0].name == nil
        ? ("hyperparameters", levels(groups[0]))
        : ("groups", .object(groups.map { ($0.name ?? "", levels($0)) })),
    ]).text
  }
}
