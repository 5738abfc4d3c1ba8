import Glibc
import Hypertower

/// A file of training with one JSON object a line: one for every step, and one at the end.
final class TrainingLog {
  private static let bufferSize = 1 << 16

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true

  /// Opens the file and empties it.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  init(path: String) throws {
    self.path = path
    // Opened anew, a file behind standard output would be written from its start.
    descriptor =
      switch path {
      case "/dev/stdout": dup(STDOUT_FILENO)
      case "/dev/stderr": dup(STDERR_FILENO)
      default: open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      }
    guard descriptor >= 0 else { throw cannotWrite(path) }
  }

  deinit {
    if isOpen { Glibc.close(descriptor) }
  }

  /// Writes steps, and passes them on to the system so that a reader can follow.
  func append(_ records: [StepRecord]) throws {
    for record in records {
      append(StepLine.text(record))
      if buffer.count >= Self.bufferSize { try flush() }
    }
    try flush()
  }

  /// Writes the last line and closes the file.
  func finish(_ line: [(key: String, value: JSONText)]) throws {
    append(JSONText.object(line).text)
    try flush()
    isOpen = false
    guard Glibc.close(descriptor) == 0 else { throw cannotWrite(path) }
  }

  private func append(_ line: String) {
    buffer += line.utf8
    buffer.append(UInt8(ascii: "\n"))
  }

  private func flush() throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    try writeAll(buffer, to: descriptor, name: path)
  }
}

/// The line of one step.
enum StepLine {
  static func text(_ record: StepRecord) -> String {
    let levels = record.hyperparameters.map { level in
      JSONText.object(level.map { ($0.name, .number($0.value)) })
    }
    return JSONText.object([
      ("step", .integer(record.step)), ("loss", .number(record.loss)),
      ("hyperparameters", .array(levels)),
    ]).text
  }
}
