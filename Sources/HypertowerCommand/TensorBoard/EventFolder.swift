import FoundationEssentials
import Glibc
import Hypertower

/// The event files of one run in a folder: one from each beginning, resume and return to an earlier step.
///
/// Readers take files in the order of their names, and some show a step twice that two files have. So
/// whoever goes on from a step cuts off what is there of this step and later ones, and writes a new file: a
/// reader that has been further in the old one finds no other records there.
final class EventFolder {
  private static let prefix = "events.out.tfevents."
  private static let suffix = ".hypertower"
  /// What the first record of a file says of its writer, before the version.
  private static let mark = "hypertower "

  private let path: String
  /// What the first record of this run's files says.
  private let writer: String
  private var descriptor: Int32 = -1

  /// Begins a file of a run.
  ///
  /// - Parameters:
  ///   - path: a folder that no other run writes event files into.
  ///   - run: what tells the run from others.
  ///   - steps: how many of the steps in its files a run keeps that goes on; nil: the run is new, and replaces
  ///     those of another.
  /// - Throws: `InputError`, also if the run goes on and a file is another run's, or damaged.
  init(_ path: String, run: String, keeping steps: Int?) throws {
    self.path = path
    writer = "\(Self.mark)\(Version.text), run \(run)"
    if steps != nil {
      for name in try FolderReader.names(in: path).sorted() where Self.isName(name) {
        try checkIsOwn(name)
      }
    }
    try begin(at: steps ?? 0)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  // MARK: Other runs' files

  /// Whether TensorBoard takes a file of that name for an event file.
  static func isName(_ name: String) -> Bool { name.contains("tfevents") }

  /// Lets only event files be replaced that this program wrote.
  ///
  /// - Returns: the warning that there are some; nil if there are none.
  /// - Throws: `InputError(.cannotWrite)`.
  static func checkPlace(_ folder: String, option: String) throws -> String? {
    guard access(folder, F_OK) == 0 else { return nil }
    var isReplacing = false
    for name in try FolderReader.names(in: folder).sorted() where isName(name) {
      let file = "\(folder)/\(name)"
      let beginning = try FileReader.bytes(of: file, atMost: 1000)
      guard isOwn(name), writer(of: beginning) != nil else {
        throw ExistingFile.foreign(file, option: option, "folder")
      }
      isReplacing = true
    }
    return isReplacing ? ExistingFile.replacing(folder, "the event files of an earlier run") : nil
  }

  private static func isOwn(_ name: String) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(suffix)
  }

  /// What a file of this program's says of its writer; nil for other files.
  private static func writer(of bytes: [UInt8]) -> String? {
    guard let record = EventRecord.record(in: bytes, at: 0),
      let place = record.data.firstRange(of: Array(mark.utf8))
    else { return nil }
    return String(decoding: record.data[place.lowerBound...], as: UTF8.self)
  }

  private func checkIsOwn(_ name: String) throws {
    let file = "\(path)/\(name)"
    let writer = Self.writer(of: try FileReader.bytes(of: file, atMost: 1000))
    func run(_ text: String) -> Substring? { text.split(separator: ", run ").last }
    guard Self.isOwn(name), let writer, run(writer) == run(self.writer) else {
      throw InputError(
        .cannotWrite,
        "\(file): is not of this run, whose steps would be mixed with its: give --tensorboard another "
          + "folder")
    }
  }

  // MARK: Files of this run

  /// In the order in which readers take them.
  private func files() throws -> [String] {
    try FolderReader.names(in: path).filter(Self.isOwn).sorted().map { "\(path)/\($0)" }
  }

  /// Forgets what the folder has of the steps from `step` on, and begins a file that goes on there.
  ///
  /// - Throws: `InputError`.
  func begin(at step: Int) throws {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    var last = 0
    for file in try files() {
      last = max(last, Self.time(of: file))
      try Self.cut(file, before: step)
    }
    let time = max(Int(Date().timeIntervalSince1970), last + 1)
    let digits = "\(time)"
    let zeros = String(repeating: "0", count: max(0, 10 - digits.count))
    let file = "\(path)/\(Self.prefix)\(zeros)\(digits)\(Self.suffix)"
    descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw cannotWrite(file) }
    try append([(step, .version(writer: writer)), (step, .start)])
  }

  /// The time in a file's name, in seconds since 1970.
  private static func time(of file: String) -> Int {
    let end = file.dropLast(suffix.count)
    return end.lastIndex(of: ".").flatMap { Int(end[$0...].dropFirst()) } ?? 0
  }

  /// Cuts a file off before its first record of a step from `step` on, and after its last whole record. A file
  /// that has nothing left to tell is removed.
  private static func cut(_ file: String, before step: Int) throws {
    let bytes = step == 0 ? [] : try FileReader.bytes(of: file)
    var (size, isEmpty) = (0, true)
    while size < bytes.count {
      guard let record = EventRecord.record(in: bytes, at: size) else {
        guard EventRecord.isCutOff(bytes, at: size) else {
          throw InputError(
            .badData, "\(file): is damaged at byte \(size): move it away, and then resume")
        }
        break
      }
      guard let own = Event.step(of: record.data), own < step else { break }
      if Event.isSummary(record.data) { isEmpty = false }
      size = record.end
    }
    if isEmpty {
      guard unlink(file) == 0 else { throw cannotWrite(file) }
    } else if size < bytes.count, truncate(file, size) != 0 {
      throw cannotWrite(file)
    }
  }

  /// Writes what happened at some steps, whole or not at all; after a failure, nothing more.
  ///
  /// - Throws: `InputError(.cannotWrite)`; `Failure` if the user ends the run.
  func append(_ contents: [(step: Int, content: Event.Content)]) throws {
    guard descriptor >= 0, !contents.isEmpty else { return }
    let time = Date().timeIntervalSince1970
    let records = contents.flatMap { Event(time: time, step: $0.step, content: $0.content).record }
    var before = stat()
    fstat(descriptor, &before)
    do {
      try writeAll(records, to: descriptor, name: path)
    } catch {
      ftruncate(descriptor, before.st_size)
      close(descriptor)
      descriptor = -1
      throw error
    }
  }
}
