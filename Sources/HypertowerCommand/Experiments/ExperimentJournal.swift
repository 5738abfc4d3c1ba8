import Glibc
import Hypertower

/// The outcomes of an experiment that is under way, one JSON object a line, so that it can go on where
/// it was interrupted.
///
/// The first line says what the outcomes depend on. A line is on the disk before the next piece
/// begins; one that an interruption has left incomplete is dropped.
final class ExperimentJournal<Outcome: Codable> {
  /// What the outcomes depend on.
  struct Header: Codable {
    let experiment: String
    let settings: [String: String]
    let device: String
    /// The versions of its driver and platform; nil for the CPU backend.
    let driver: String?
    let schedules: String?
    /// Whether operations were put together into launches.
    let fuses: Bool
    let version: String
    /// When the experiment began; nothing depends on it.
    let started: String

    /// The first thing in which the other header is different: its name, and both values.
    fileprivate func difference(from other: Header) -> (name: String, own: String, other: String)? {
      var pairs: [(String, String?, String?)] = [
        ("experiment", experiment, other.experiment), ("version", version, other.version),
        ("device", device, other.device), ("driver", driver, other.driver),
        ("schedules", schedules, other.schedules),
        ("fusion", fuses ? "on" : "off", other.fuses ? "on" : "off"),
      ]
      for key in Set(settings.keys).union(other.settings.keys).sorted() {
        pairs.append((key, settings[key], other.settings[key]))
      }
      return pairs.first { $0.1 != $0.2 }.map { ($0.0, $0.1 ?? "none", $0.2 ?? "none") }
    }
  }

  private struct Line: Codable {
    let id: String
    let seconds: Double
    let outcome: Outcome
  }

  let path: String
  private let units: Set<String>
  private let keepsOthers: Bool
  private let lock: FileLock
  private var descriptor: Int32 { lock.descriptor }
  private(set) var header: Header
  private(set) var outcomes: [String: Outcome] = [:]
  /// How long the pieces so far have taken.
  private(set) var seconds = 0.0

  /// Opens the journal at `path`, or begins one.
  ///
  /// - Parameters:
  ///   - header: what the outcomes depend on.
  ///   - units: the pieces of the experiment.
  ///   - keepsOthers: whether outcomes of other pieces may be there, which then stay.
  ///   - restarts: whether outcomes that are there are dropped.
  /// - Throws: `InputError` if the file cannot be written, is damaged, is in use by another process,
  ///   or holds outcomes of other settings.
  init(
    path: String, header: Header, units: [some ExperimentUnit], keepsOthers: Bool = false,
    restarts: Bool
  ) throws {
    self.path = path
    self.keepsOthers = keepsOthers
    self.units = Set(units.map(\.id))
    self.header = header
    let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw cannotWrite(path) }
    do {
      lock = try FileLock(descriptor: file)
    } catch {
      throw InputError(
        .cannotWrite,
        "\(path): another run is at work on this experiment; wait for it, or give --out another folder"
      )
    }
    try Self.check(contents(), path)
    if restarts { try truncate(to: 0) }
    try read(expecting: header)
  }

  /// Whether there is a journal at `path`, even one of which nothing but its first line is left.
  ///
  /// - Throws: `InputError` for what is no journal, or cannot be read.
  static func isThere(_ path: String) throws -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    let bytes = try FileReader.bytes(of: path, atMost: ExistingFile.beginning)
    try check(bytes, path)
    return !bytes.isEmpty
  }

  /// Lets nothing be changed that is no journal. An interruption may have cut its first line short.
  private static func check(_ bytes: [UInt8], _ path: String) throws {
    let isCutShort = !bytes.contains(UInt8(ascii: "\n")) && bytes.starts(with: "{\"device\"".utf8)
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    guard bytes.isEmpty || isCutShort || (try? ExperimentJSON.value(Header.self, from: line)) != nil
    else { throw ExistingFile.foreign(path, option: "--out") }
  }

  /// What the file holds that is open.
  private func contents() throws -> [UInt8] {
    lseek(descriptor, 0, SEEK_SET)
    return try FileReader.bytes(from: descriptor, name: path)
  }

  private func read(expecting expected: Header) throws {
    let bytes = try contents()
    let newline = UInt8(ascii: "\n")
    let whole = bytes.prefix(bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0)
    if whole.count < bytes.count { try truncate(to: whole.count) }
    let lines = whole.split(separator: newline)
    guard let first = lines.first else { return try append(expected) }
    header = try decode(Header.self, first, line: 1)
    if lines.count == 1 {
      // Begun and nothing done: nothing is lost.
      header = expected
      try truncate(to: 0)
      return try append(expected)
    }
    if let (name, own, other) = header.difference(from: expected) {
      throw InputError(
        .usage,
        "\(path): this experiment was begun with \(name) '\(own)', not '\(other)'; go on with that, "
          + "give --restart to begin anew, or give --out another folder")
    }
    for (number, text) in lines.enumerated().dropFirst() {
      let line = try decode(Line.self, text, line: number + 1)
      guard units.contains(line.id) else {
        if keepsOthers { continue }
        throw InputError(
          .badData,
          "\(path): line \(number + 1) is of a run that this experiment does not have, "
            + "'\(line.id)'; give --restart to begin this experiment anew")
      }
      outcomes[line.id] = line.outcome
      seconds += line.seconds
    }
  }

  private func decode<Value: Decodable>(
    _ type: Value.Type, _ text: ArraySlice<UInt8>, line: Int
  ) throws -> Value {
    do {
      return try ExperimentJSON.value(type, from: text)
    } catch {
      throw InputError(
        .badData,
        "\(path): line \(line) is damaged; give --restart to begin this experiment anew")
    }
  }

  private func truncate(to size: Int) throws {
    guard ftruncate(descriptor, size) == 0 else { throw cannotWrite(path) }
  }

  /// Keeps the outcome of a piece.
  func keep(_ outcome: Outcome, of id: String, seconds: Double) throws {
    try append(Line(id: id, seconds: seconds, outcome: outcome))
    outcomes[id] = outcome
    self.seconds += seconds
  }

  private func append(_ value: some Encodable) throws {
    try writeAll(try ExperimentJSON.bytes(of: value), to: descriptor, name: path)
    guard fdatasync(descriptor) == 0 else { throw cannotWrite(path) }
  }

  /// Removes the file, once all that it holds lies elsewhere.
  func remove() { unlink(path) }
}
