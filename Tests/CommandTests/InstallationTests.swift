import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// What `make install` puts in place beside the command.
@Suite("Manual page and completions")
struct InstallationTests {
  /// What a shell's command prints, errors included; nil if the first program of it is not there.
  private func output(of command: String) throws -> String? {
    let program = command.prefix { $0 != " " }
    guard system("command -v \(program) >/dev/null 2>&1") == 0 else { return nil }
    return try withTemporaryFolder { folder in
      _ = system("{ \(command); } >\(folder)/output 2>&1")
      return try text(folder + "/output")
    }
  }

  @Test("The manual page has every option of every command")
  func manual() throws {
    let page = try CommandRun(["manual"])
    #expect(page.status == 0)
    for command in [
      "train", "evaluate", "predict", "generate", "export", "bench", "tune", "experiment compare",
      "experiment untuned",
    ] {
      let options = try #require(try CommandOptions(command.split(separator: " ").map(String.init)))
      let section = try #require(
        page.output.split(separator: "\n.SS ").first { $0.hasPrefix("hypertower \(command)\n") })
      for name in options.names {
        #expect(
          section.contains("\\fB\\-\\-\(name.replacing("-", with: "\\-"))\\fR"),
          "\(command) --\(name)")
      }
    }
    #expect(!page.output.contains("hypertower manual"))
    #expect(page.output.utf8.allSatisfy { $0 < 0x80 })
  }

  @Test("Formatters take the manual page without a warning")
  func formatting() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/hypertower.1"
      try Data(try CommandRun(["manual"]).output.utf8).write(to: URL(filePath: path))
      for command in ["groff -ww -man -Tutf8 -z \(path)", "mandoc -Tlint -W warning \(path)"] {
        if let warnings = try output(of: command) {
          #expect(warnings.isEmpty, "\(command): \(warnings)")
        }
      }
      if let shown = try output(of: "mandoc -Tutf8 \(path)") {
        #expect(shown.contains("hypertower train") && shown.contains("784"))
      }
    }
  }

  @Test("bash completes commands, options and values")
  func bash() throws {
    try withTemporaryFolder { folder in
      let script = folder + "/hypertower"
      try Data(try CommandRun(["--generate-completion-script", "bash"]).output.utf8)
        .write(to: URL(filePath: script))
      for (words, expected) in [
        ("tra", "train"), ("train --optimizer-f", "--optimizer-from"), ("train --model c", "cnn"),
        ("experiment comp", "compare"), ("train --conf", "--config"), ("runs --j", "--json"),
      ] {
        let all = words.split(separator: " ").map(String.init)
        let command = """
          bash -c 'source \(script); COMP_WORDS=(hypertower \(words)); COMP_CWORD=\(all.count); \
          COMP_LINE="hypertower \(words)"; COMP_POINT=${#COMP_LINE}; _hypertower hypertower "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo ${COMPREPLY[@]}'
          """
        guard let completions = try output(of: command) else { return }
        #expect(
          completions.split(whereSeparator: \.isWhitespace).contains { $0 == expected },
          "\(words): \(completions)")
      }
    }
  }

  @Test("zsh and fish take their completions", arguments: ["zsh", "fish"])
  func otherShells(_ shell: String) throws {
    try withTemporaryFolder { folder in
      let script = try CommandRun(["--generate-completion-script", shell]).output
      try Data(script.utf8).write(to: URL(filePath: folder + "/script"))
      if let faults = try output(of: "\(shell) -n \(folder)/script") {
        #expect(faults.isEmpty, "\(faults)")
      }
    }
  }
}
