import ArgumentParser
import Hypertower

/// The manual page of the command, made of what `--help` says, in the macros of man(7).
struct ManualPage {
  private var lines: [String] = []

  /// The lines of the page.
  ///
  /// - Throws: `InputError` if the argument parser's description of the command is not as expected.
  static func text() throws -> String {
    let help = try JSONValue(parsing: HypertowerCommand._dumpHelp().utf8, name: "help")
    guard let command = help["command"] else {
      throw InputError(.badData, "the argument parser describes no command")
    }
    var page = ManualPage()
    page.write(command)
    return page.lines.map { $0 + "\n" }.joined()
  }

  private mutating func write(_ root: JSONValue) {
    let name = root["commandName"]?.string ?? ""
    lines += [
      ".TH \(name.uppercased()) 1 \(Version.day) \"\(name) \(Version.text)\" \"User Commands\"",
      // Options and towers must be found as they are written.
      ".nh", ".ad l",
      ".SH NAME", "\(name) \\- " + Self.escaped(root["abstract"]?.string ?? ""), ".SH SYNOPSIS",
      ".B \(name)", ".I subcommand", ".RI [ option \\|.\\|.\\|.]", ".SH DESCRIPTION",
    ]
    writeText(root["discussion"]?.string)
    lines.append(".SH SUBCOMMANDS")
    for command in Self.subcommands(of: root) {
      write(command, name: "\(name) \(command["commandName"]?.string ?? "")")
    }
  }

  /// Those that help displays.
  private static func subcommands(of command: JSONValue) -> [JSONValue] {
    (command["subcommands"]?.array ?? []).filter {
      $0["shouldDisplay"]?.bool != false && $0["commandName"]?.string != "help"
    }
  }

  private mutating func write(_ command: JSONValue, name: String) {
    let arguments = (command["arguments"]?.array ?? []).filter {
      $0["shouldDisplay"]?.bool != false
        && !["help", "version"].contains($0["preferredName"]?["name"]?.string)
    }
    lines.append(".SS \(name)")
    writeText(command["abstract"]?.string)
    if let discussion = command["discussion"]?.string {
      lines.append(".PP")
      writeText(discussion)
    }
    write(arguments: arguments)
    for inner in Self.subcommands(of: command) {
      write(inner, name: "\(name) \(inner["commandName"]?.string ?? "")")
    }
  }

  /// Section after section, as help has them, with those that are in none at the end.
  private mutating func write(arguments: [JSONValue]) {
    var titles: [String] = []
    for case let title? in arguments.map({ $0["sectionTitle"]?.string })
    where !titles.contains(title) {
      titles.append(title)
    }
    for title in titles {
      lines += [".PP", "\\fI\(Self.escaped(title))\\fR"]
      for argument in arguments where argument["sectionTitle"]?.string == title {
        write(argument: argument)
      }
    }
    if !titles.isEmpty { lines += [".PP", "\\fIOther options\\fR"] }
    for argument in arguments where argument["sectionTitle"]?.string == nil {
      write(argument: argument)
    }
  }

  private mutating func write(argument: JSONValue) {
    let value = Self.escaped(argument["valueName"]?.string ?? "")
    lines.append(".TP")
    if let name = argument["preferredName"]?["name"]?.string {
      let flag = "\\fB\\-\\-\(Self.escaped(name))\\fR"
      lines.append(argument["kind"]?.string == "flag" ? flag : "\(flag) \\fI\(value)\\fR")
    } else {
      lines.append("\\fI\(value)\\fR")
    }
    let initial = argument["defaultValue"]?.string
    writeText(
      (argument["abstract"]?.string ?? "")
        + (initial.map { $0 == "false" ? "" : " (default: \($0))" } ?? ""))
    if let discussion = argument["discussion"]?.string {
      lines.append(".IP")
      writeText(discussion)
    }
  }

  // MARK: Text

  /// The greatest number of characters in a line of the source.
  private static let width = 76

  /// Writes paragraphs, in which ends of lines are kept.
  private mutating func writeText(_ text: String?) {
    var isFirst = true
    for line in (text ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        lines.append(".sp")
      } else if !isFirst, lines.last != ".sp" {
        lines.append(".br")
      }
      isFirst = false
      var words = ""
      for word in line.split(separator: " ").map({ Self.escaped(String($0)) }) {
        if !words.isEmpty, words.count + word.count + 1 > Self.width {
          writeLine(words)
          words = ""
        }
        words += (words.isEmpty ? "" : " ") + word
      }
      if !words.isEmpty { writeLine(words) }
    }
  }

  /// A line that begins like a macro is none.
  private mutating func writeLine(_ text: String) {
    lines.append((text.hasPrefix(".") ? "\\&" : "") + text)
  }

  /// `text` with everything spelled out that is no ASCII or means something else to a formatter.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\e"
      case "-": "\\-"
      case "^": "\\(ha"
      case "~": "\\(ti"
      case "`": "\\(ga"
      case "'": "\\(aq"
      case _ where !scalar.isASCII:
        "\\[u\(String(repeating: "0", count: max(0, 4 - String(scalar.value, radix: 16).count)))"
          + "\(String(scalar.value, radix: 16, uppercase: true))]"
      default: String(scalar)
      }
    }.joined()
  }
}
