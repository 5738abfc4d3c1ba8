import Glibc
import Hypertower

/// A file of training with one JSON object a line: one for every step, and one at the end.
final class TrainingLog {
  private static let bufferSize = 1 << 16

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true

  /// Opens the file.
  ///
  /// - Parameter steps: how many of the steps that are in the file stay, for a run that goes on; what
  ///   comes behind them is dropped.
  /// - Throws: `InputError(.cannotWrite)`; `InputError(.badData)` if the file has fewer of them.
  init(path: String, keeping steps: Int = 0) throws {
    self.path = path
    // Opened anew, a file behind standard output would be written from its start.
    descriptor =
      switch path {
      case "/dev/stdout": dup(STDOUT_FILENO)
      case "/dev/stderr": dup(STDERR_FILENO)
      default: open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      }
    guard descriptor >= 0 else { throw cannotWrite(path) }
    try rewind(to: steps)
  }

  /// Drops the lines of all steps from `step` on; what is no file, such as a pipe, keeps them.
  func rewind(to step: Int) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      path != "/dev/stdout", path != "/dev/stderr"
    else { return }
    let size = step == 0 ? 0 : try self.size(ofSteps: step)
    guard ftruncate(descriptor, size) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
      throw cannotWrite(path)
    }
  }

  /// The size of the first `count` lines, which must be those of the first steps.
  private func size(ofSteps count: Int) throws -> Int {
    let bytes = try FileReader.bytes(of: path)
    // A log that begins now, for a run that did not have one.
    if bytes.isEmpty { return 0 }
    let newline = UInt8(ascii: "\n")
    var end = 0
    for step in 0..<count {
      guard bytes[end...].starts(with: StepLine.beginning(step).utf8),
        let lineEnd = bytes[end...].firstIndex(of: newline)
      else {
        throw InputError(
          .badData,
          "\(path): line \(step + 1) is not that of step \(step): this is not the log of the run up "
            + "to step \(count); give --log another file")
      }
      end = lineEnd + 1
    }
    return end
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
  /// How the line of a step begins.
  static func beginning(_ step: Int) -> String { "{\"step\": \(step), " }

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
