import FoundationEssentials

/// Runs `hypertower train` on the CPU backend without a display of progress.
///
/// - Parameters:
///   - folder: what stands for `@` in the arguments.
///   - arguments: as `words(of:in:)` takes them.
func train(_ folder: String, _ arguments: String) throws -> CommandRun {
  try CommandRun(["train", "--device", "cpu", "--quiet"] + words(of: arguments, in: folder))
}

/// The arguments in a line, which spaces separate; `~` stands for a space within one, and `@` for a folder.
func words(of line: String, in folder: String) -> [String] {
  line.split(separator: " ").map {
    String($0).replacing("~", with: " ").replacing("@", with: folder)
  }
}

/// The lines of the steps in a log, the header of comma-separated values included, without the name of the run.
func stepLines(_ path: String) throws -> [String] {
  try text(path).split(separator: "\n").dropLast().map { line in
    String(line).replacing(/, "run": "[0-9a-f]{16}"/, with: "")
      .replacing(/,[0-9a-f]{16}$/, with: ",")
  }
}

/// The names of the event files in a folder, in the order of readers.
func eventFiles(_ folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("tfevents") }
    .sorted()
}

/// The contents of a file.
func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

/// The contents of a file of text.
func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
