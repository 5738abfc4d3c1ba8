import Hypertower

/// What tells a run from all others, those with the same settings included.
///
/// Its log, its checkpoints, its best weights, its event files and its settings file have it.
enum RunName {
  /// What metadata call it.
  static let key = "run"

  /// The name of a new run: 16 hexadecimal digits, which no setting decides.
  static func new() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The metadata of a checkpoint or the best weights of the run.
  static func metadata(_ name: String) -> [String: String] { [key: name] }

  /// The name in a checkpoint; nil in one of an earlier version.
  static func name(in checkpoint: SafetensorsFile) -> String? { checkpoint.metadata[key] }
}
