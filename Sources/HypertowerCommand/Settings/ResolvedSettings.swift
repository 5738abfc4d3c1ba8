import Hypertower

/// The file beside a run's results with all that they depend on, which `--config` reads.
enum ResolvedSettings {
  /// How every such file begins; the name of the run follows.
  private static let beginning = "# hypertower train, run "

  /// The name of the file in a folder of a run.
  static let nameInFolder = "settings.toml"

  /// The file's path.
  ///
  /// - Parameter file: what else the run writes.
  static func path(beside file: String) -> String { file + ".toml" }

  /// - Parameter stepsPerEpoch: the number of the steps of an epoch, which no option says.
  static func text(run: String, stepsPerEpoch: Int, _ options: [SettingsOption]) -> String {
    let lines =
      [
        "\(beginning)\(run), steps an epoch: \(stepsPerEpoch)",
        "# Version \(Version.text). Once more: hypertower train --config FILE, with outputs of its own.",
      ] + options.map(\.line)
    return lines.map { $0 + "\n" }.joined()
  }

  /// Whether a file that begins with these bytes was written by this program.
  static func isOwn(_ bytes: [UInt8]) -> Bool { bytes.starts(with: beginning.utf8) }

  /// What a file says.
  struct Contents {
    /// The name of the run.
    let run: String
    let stepsPerEpoch: Int?
    private let values: [String: String]

    /// - Throws: `InputError`.
    init(_ path: String) throws {
      let bytes = try FileReader.bytes(of: path)
      let line = bytes.dropFirst(beginning.utf8.count).prefix { $0 != UInt8(ascii: "\n") }
      let words = String(decoding: line, as: UTF8.self).split(separator: ", steps an epoch: ")
      guard let name = words.first else {
        throw InputError(.badData, "\(path):1: the name of the run is missing")
      }
      run = String(name)
      stepsPerEpoch = words.count > 1 ? Int(words[1]) : nil
      let table = try TOMLTable(parsing: bytes, name: path)
      values = Dictionary(
        uniqueKeysWithValues: table.entries.compactMap { entry in
          switch entry.value {
          case .string(let text), .integer(let text), .float(let text): (entry.key, text)
          case .bool, .array, .table: nil
          }
        })
    }

    /// The text or the number of an option; nil for all others.
    subscript(name: String) -> String? { values[name] }
  }
}
