import Hypertower

/// The settings in a file that `--config` names, as arguments of the command line.
struct SettingsFile {
  /// An option that the file gives.
  private struct Given {
    let name: String
    let line: Int
  }

  private let path: String
  private let given: [Given]
  /// The command line with the settings in it.
  let arguments: [String]

  /// Options that exclude each other: one of the command line takes the place of all of its row in the file.
  private static let alternatives: [Set<String>] = [
    ["epochs", "steps"], ["checkpoint", "resume"], ["optimizer", "optimizer-from", "fixed"],
  ]
  /// Options that may be repeated and of which each value is a list that commas separate.
  private static let lists: Set = ["ignore", "categories"]
  /// The option that a table may give: a tower for each group of parameters.
  private static let groupedOption = "optimizer"

  /// The settings that the arguments name; nil if they name none.
  ///
  /// - Throws: `InputError` that names the file, the line and the key.
  init?(arguments: [String]) throws {
    guard let path = Self.path(in: arguments), let options = try CommandOptions(arguments) else {
      return nil
    }
    try self.init(path: path, options, arguments)
  }

  private init(path: String, _ options: CommandOptions, _ arguments: [String]) throws {
    self.path = path
    let table = try TOMLTable(parsing: try FileReader.bytes(of: path), name: path)
    var taken = Set(Self.optionWords(of: arguments).map { Self.name(of: $0) })
    for row in Self.alternatives where !row.isDisjoint(with: taken) { taken.formUnion(row) }
    var (given, words): ([Given], [String]) = ([], [])
    for entry in table.entries {
      guard let option = options[entry.key] else {
        throw Self.unknown(entry, options, path)
      }
      let own = try Self.words(for: option, entry, path)
      guard !taken.contains(entry.key) else { continue }
      words += own
      given.append(Given(name: entry.key, line: entry.line))
    }
    self.given = given
    self.arguments =
      arguments[..<options.wordCount] + words + arguments[options.wordCount...]
  }

  // MARK: The command line

  /// The words before `--` that begin with two hyphens.
  private static func optionWords(of arguments: [String]) -> [String] {
    arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
  }

  /// The name in `--name` or `--name=value`.
  private static func name(of word: String) -> String {
    String(word.dropFirst(2).prefix { $0 != "=" })
  }

  /// What `--config` names last; nil if it is not there, or without a value.
  private static func path(in arguments: [String]) -> String? {
    let words = Array(arguments.prefix { $0 != "--" })
    guard
      let place = words.lastIndex(where: {
        $0 == "--\(ConfigOptions.name)" || $0.hasPrefix("--\(ConfigOptions.name)=")
      })
    else { return nil }
    if let sign = words[place].firstIndex(of: "=") {
      return String(words[place][sign...].dropFirst())
    }
    return place + 1 < words.count ? words[place + 1] : nil
  }

  // MARK: The file

  private static func unknown(
    _ entry: TOMLTable.Entry, _ options: CommandOptions, _ path: String
  ) -> InputError {
    let hint =
      nearMiss(of: entry.key, among: options.names).map { "did you mean '\($0)'?" }
      ?? "its options are \(options.names.joined(separator: ", "))"
    return fault(entry, path, "is no option of hypertower \(options.command); \(hint)")
  }

  private static func fault(
    _ entry: TOMLTable.Entry, _ path: String, _ message: String
  ) -> InputError {
    InputError(.usage, "\(path):\(entry.line): '\(entry.key)' \(message)")
  }

  /// The words of the command line that say what a line of the file says.
  private static func words(
    for option: CommandOptions.Option, _ entry: TOMLTable.Entry, _ path: String
  ) throws -> [String] {
    let kind = entry.value.kindName
    if option.isFlag {
      guard case .bool(let isOn) = entry.value else {
        throw fault(entry, path, "is on or off: write true or false, not \(kind)")
      }
      return isOn ? ["--\(option.name)"] : []
    }
    func word(_ text: String) -> String { "--\(option.name)=\(text)" }
    switch entry.value {
    case .string(let text): return [word(text)]
    case .integer(let text), .float(let text):
      guard !option.isPath else {
        throw fault(entry, path, "names a file or a folder: put it in quotation marks")
      }
      return [word(text)]
    case .array(let values):
      guard !option.isPath else {
        throw fault(entry, path, "names one file or folder, not \(kind)")
      }
      let texts = try values.map { try text($0, entry, path) }
      if option.isRepeating, !lists.contains(option.name) { return texts.map(word) }
      if let part = texts.first(where: { $0.contains(",") }) {
        throw fault(entry, path, "is a list, which commas separate: '\(part)' has one")
      }
      return [word(texts.joined(separator: ","))]
    case .table(let groups) where option.name == groupedOption:
      let towers = try groups.entries.map { group in
        "\(group.key): \(try text(group.value, entry, path))"
      }
      return [word(towers.joined(separator: "; "))]
    case .bool, .table:
      throw fault(entry, path, "takes a value, and \(kind) is none")
    }
  }

  /// The text of what stands in an array or a table.
  private static func text(
    _ value: TOMLValue, _ entry: TOMLTable.Entry, _ path: String
  ) throws -> String {
    switch value {
    case .string(let text), .integer(let text), .float(let text): return text
    case .bool, .array, .table:
      throw fault(entry, path, "has \(value.kindName) in it, where a text or a number is expected")
    }
  }

  // MARK: Messages

  /// What stands before a message about options that the file gives; empty if it is about no such option.
  func place(of message: String) -> String {
    // What follows a colon may be a remedy, which names other options.
    for part in message.split(separator: ": ") {
      let words = Set(part.split { !($0.isLetter || $0.isNumber || $0 == "-") })
      guard words.contains(where: { $0.hasPrefix("--") }) else { continue }
      return given.first { words.contains("--\($0.name)") }.map { "\(path):\($0.line): " } ?? ""
    }
    return ""
  }
}
