import ArgumentParser
import Hypertower

/// The options of a command, as the argument parser describes them.
struct CommandOptions {
  struct Option {
    /// The long name, without hyphens in front.
    let name: String
    let isFlag: Bool
    /// Whether each of several values is given by the option once more.
    let isRepeating: Bool
    /// Whether the value is the path of a file or a folder.
    let isPath: Bool
  }

  /// What is called: `train`, or `experiment compare`.
  let command: String
  /// How many words of the arguments name the command.
  let wordCount: Int
  private let options: [String: Option]

  /// Options that are no settings: they end the program, or name the settings.
  private static let others: Set = ["help", "version", ConfigOptions.name]

  /// The options of the command that the arguments name; nil if they name none that takes settings from a file.
  init?(_ arguments: [String]) throws {
    let help = try JSONValue(parsing: HypertowerCommand._dumpHelp().utf8, name: "help")
    var command = help["command"]
    var words: [String] = []
    for word in arguments {
      let subcommands = command?["subcommands"]?.array ?? []
      guard let next = subcommands.first(where: { $0["commandName"]?.string == word }) else {
        break
      }
      words.append(word)
      command = next
    }
    self.init(
      command: words.joined(separator: " "), wordCount: words.count,
      described: command?["arguments"]?.array ?? [])
  }

  private init?(command: String, wordCount: Int, described: [JSONValue]) {
    (self.command, self.wordCount) = (command, wordCount)
    var options: [String: Option] = [:]
    var takesSettings = false
    for own in described {
      guard let kind = own["kind"]?.string, kind != "positional",
        let name = own["preferredName"]?["name"]?.string
      else { continue }
      if name == ConfigOptions.name { takesSettings = true }
      let completion = own["completionKind"]?.object ?? [:]
      options[name] = Option(
        name: name, isFlag: kind == "flag", isRepeating: own["isRepeating"]?.bool == true,
        isPath: completion["file"] != nil || completion["directory"] != nil)
    }
    guard takesSettings else { return nil }
    self.options = options.filter { !Self.others.contains($0.key) }
  }

  /// The names, in alphabetical order.
  var names: [String] { options.keys.sorted() }

  subscript(name: String) -> Option? { options[name] }
}
