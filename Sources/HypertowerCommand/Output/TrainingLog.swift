import Glibc
import Hypertower

/// A log of training with a line for every step, and one at the end, as JSON or as comma-separated values.
///
/// Lines are appended, each whole, so that the file may be truncated in place (log rotation) while it
/// is written. No two runs write one file.
final class TrainingLog {
  private static let bufferSize = 1 << 16

  private let path: String
  private let format: LogFormat
  /// The name of the run.
  private let run: String
  private let descriptor: Int32
  /// The lock of a regular file, which owns the descriptor.
  private let lock: FileLock?
  private var buffer: [UInt8] = []
  private var isOpen = true
  /// Whether nothing was written to what is no regular file.
  private var isFresh = true

  /// Opens the log.
  ///
  /// An existing log of another run is replaced, with a warning.
  ///
  /// - Parameters:
  ///   - path: `-` stands for standard output, as does any other name of where that goes.
  ///   - format: default: JSON.
  ///   - run: the name of the run.
  ///   - steps: how many of the steps in the file a run that goes on keeps; later ones are dropped.
  ///   - hash: that of the last line that is kept; nil: it is not known.
  /// - Throws: `InputError(.cannotWrite)`, also if the file is no log, another run writes it, or it is
  ///   not that of the run up to the last step that is to be kept; `Failure` if the user ends the run
  ///   while a named pipe has no reader.
  init(
    path: String, format: LogFormat = .json, run: String, keeping steps: Int = 0,
    endingIn hash: String? = nil
  ) throws {
    (self.format, self.run) = (format, run)
    // Opened anew, a file that standard output leads to would be written from its start.
    let standing =
      path == "-"
      ? STDOUT_FILENO
      : OpenFile.standardDescriptor(at: path) ?? OpenFile.descriptor(named: path)
    self.path = path == "-" ? "/dev/stdout" : path
    descriptor = try Self.open(path, standing)
    lock = try standing == nil && OpenFile.isRegular(descriptor) ? Self.lock(descriptor, path) : nil
    guard let lock else { return }
    if let warning = lock.warning(for: path) { Console.warn(warning) }
    let contents = LogContents(try bytes(), path: path, format: format)
    if steps == 0 {
      if let warning = try contents.replacement() { Console.warn(warning) }
    }
    try truncate(to: contents.size(of: run, steps: steps, endingIn: hash))
  }

  private static func open(_ path: String, _ standing: Int32?) throws -> Int32 {
    do {
      if let standing {
        let descriptor = dup(standing)
        guard descriptor >= 0 else { throw SystemError.last }
        return descriptor
      }
      guard try AtomicFile.isRegular(path) else {
        return try Interruption.whileWaiting(for: path) {
          try OpenFile.openSpecial(path) { Interruption.isRequested }
        }
      }
      let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw SystemError.last }
      return descriptor
    } catch let error as SystemError {
      throw cannotWrite(path, error)
    }
  }

  private static func lock(_ descriptor: Int32, _ path: String) throws -> FileLock {
    do {
      return try FileLock(descriptor: descriptor)
    } catch {
      throw InputError(
        .cannotWrite, "\(path): another run writes this log; give --log another file")
    }
  }

  /// What the file holds that is open, whatever its name leads to by now.
  private func bytes() throws -> [UInt8] {
    lseek(descriptor, 0, SEEK_SET)
    return try FileReader.bytes(from: descriptor, name: path)
  }

  private func truncate(to size: Int) throws {
    guard ftruncate(descriptor, size) == 0 else { throw cannotWrite(path) }
  }

  /// Drops the lines of all steps from `step` on. A pipe keeps them.
  func rewind(to step: Int) throws {
    guard lock != nil, isOpen else { return }
    try truncate(to: LogContents(try bytes(), path: path, format: format).size(before: step))
  }

  deinit {
    if isOpen && lock == nil { Glibc.close(descriptor) }
  }

  /// Writes steps, and passes them on to the system so that a reader can follow.
  func append(_ records: [StepRecord]) throws {
    for record in records {
      append(format.text(record))
      if buffer.count >= Self.bufferSize { try flush() }
    }
    try flush()
  }

  /// Writes the last line, with the name of the run, and closes the file.
  func finish(_ line: [(key: String, value: JSONText)]) throws {
    append(format.text(line + [(LogResult.runKey, .string(run))]))
    try flush()
    guard isOpen, lock == nil else { return }
    isOpen = false
    guard Glibc.close(descriptor) == 0 else { throw cannotWrite(path) }
  }

  private func append(_ line: String) {
    buffer += line.utf8
    buffer.append(UInt8(ascii: "\n"))
  }

  /// After a failure nothing more is written: lines would be missing in between.
  private func flush() throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard isOpen else { return }
    var before = stat()
    fstat(descriptor, &before)
    // A file may be truncated while it is written, and then begins anew.
    if lock == nil ? isFresh : before.st_size == 0, !buffer.isEmpty {
      buffer = format.beginning(buffer, run: run)
      isFresh = false
    }
    do {
      try writeAll(buffer, to: descriptor, name: path)
    } catch {
      isOpen = false
      if lock == nil {
        Glibc.close(descriptor)
      } else {
        // No part of a line stays.
        ftruncate(descriptor, before.st_size)
      }
      // The run goes on without its reader.
      if !(error is ReaderIsGone) { throw error }
    }
  }
}
