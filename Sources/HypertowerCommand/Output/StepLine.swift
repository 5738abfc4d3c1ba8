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
    guard let first = try? JSONValue(parsing: line, name: "") else { return false }
    return first["step"]?.int != nil
      && (first["hyperparameters"]?.array != nil || first["groups"]?.object != nil)
      || first["steps"]?.int != nil
        && ["tower", "error", "interrupted"].contains { first[$0] != nil }
  }

  /// What a checkpoint keeps of a line, by which the run's log is known again.
  static func hash(_ line: some Sequence<UInt8>) -> String { String(fnv1a64(line), radix: 16) }

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
