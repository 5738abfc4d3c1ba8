import Glibc
import Hypertower

/// A log of training with one JSON object a line: one for every step, and one at the end.
///
/// Lines are appended, each whole, so that the file may be truncated in place (log rotation) while it
/// is written. No two runs write one file.
final class TrainingLog {
  private static let bufferSize = 1 << 16

  private let path: String
  private let descriptor: Int32
  /// The lock of a regular file, which owns the descriptor.
  private let lock: FileLock?
  private var buffer: [UInt8] = []
  private var isOpen = true

  /// Opens the log.
  ///
  /// An existing log of another run is replaced, with a warning.
  ///
  /// - Parameters:
  ///   - path: `-` stands for standard output.
  ///   - steps: how many of the steps in the file a run that goes on keeps; later ones are dropped.
  /// - Throws: `InputError(.cannotWrite)`, also if the file is no log or another run writes it;
  ///   `InputError(.badData)` if the file lacks steps that are to be kept.
  init(path: String, keeping steps: Int = 0) throws {
    self.path = path == "-" ? "/dev/stdout" : path
    // Opened anew, a file that standard output leads to would be written from its start.
    descriptor =
      switch self.path {
      case "/dev/stdout": dup(STDOUT_FILENO)
      case "/dev/stderr": dup(STDERR_FILENO)
      default: open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      }
    guard descriptor >= 0 else { throw cannotWrite(path) }
    lock = try Self.isRegularFile(descriptor, self.path) ? Self.lock(descriptor, path) : nil
    guard lock != nil else { return }
    if let warning = lock?.warning(for: path) { Console.warn(warning) }
    if steps == 0 { try checkContents() }
    try rewind(to: steps)
  }

  /// Whether the log is a regular file, opened by its name.
  private static func isRegularFile(_ descriptor: Int32, _ path: String) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && path != "/dev/stdout" && path != "/dev/stderr"
  }

  private static func lock(_ descriptor: Int32, _ path: String) throws -> FileLock {
    do {
      return try FileLock(descriptor: descriptor)
    } catch {
      throw InputError(
        .cannotWrite, "\(path): another run writes this log; give --log another file")
    }
  }

  /// Lets nothing be replaced that is no log.
  private func checkContents() throws {
    try ExistingFile.check(path, "the log of an earlier run", option: "--log") {
      StepLine.beginsLog($0)
    }
  }

  /// Drops the lines of all steps from `step` on. A pipe keeps them.
  func rewind(to step: Int) throws {
    guard lock != nil else { return }
    let size = step == 0 ? 0 : try self.size(ofSteps: step)
    guard ftruncate(descriptor, size) == 0 else { throw cannotWrite(path) }
  }

  /// The size of the lines of the steps before `count`, which must follow one another, but of which
  /// the first may be missing: a rotated log begins later.
  private func size(ofSteps count: Int) throws -> Int {
    let bytes = try FileReader.bytes(of: path)
    // A log that begins now, for a run that did not have one or whose log was rotated.
    guard !bytes.isEmpty else { return 0 }
    func fault(_ line: Int, _ step: Int) -> InputError {
      InputError(
        .badData,
        "\(path): line \(line) is not that of step \(step): this is not the log of the run up to "
          + "step \(count); give --log another file")
    }
    guard let first = StepLine.step(of: bytes[...]) else { throw fault(1, 0) }
    var end = 0
    for step in stride(from: first, to: count, by: 1) {
      guard bytes[end...].starts(with: StepLine.beginning(step).utf8),
        let lineEnd = bytes[end...].firstIndex(of: UInt8(ascii: "\n"))
      else { throw fault(step - first + 1, step) }
      end = lineEnd + 1
    }
    return end
  }

  deinit {
    if isOpen && lock == nil { Glibc.close(descriptor) }
  }

  /// Whether the log is the file at another path.
  func isFile(at other: String) -> Bool {
    var (own, named) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(other, &named) == 0 && own.st_dev == named.st_dev
      && own.st_ino == named.st_ino
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
    guard isOpen, lock == nil else { return }
    isOpen = false
    guard Glibc.close(descriptor) == 0 else { throw cannotWrite(path) }
  }

  private func append(_ line: String) {
    buffer += line.utf8
    buffer.append(UInt8(ascii: "\n"))
  }

  private func flush() throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard isOpen else { return }
    do {
      try writeAll(buffer, to: descriptor, name: path)
    } catch is ReaderIsGone {
      // The run goes on without its reader.
      isOpen = false
      if lock == nil { Glibc.close(descriptor) }
    }
  }
}

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
    return first["step"]?.int != nil && first["hyperparameters"]?.array != nil
      || first["steps"]?.int != nil && (first["tower"] != nil || first["error"] != nil)
  }

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
