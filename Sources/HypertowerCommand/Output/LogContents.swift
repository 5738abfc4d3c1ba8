import Hypertower

/// What a log holds that a run goes on with, or replaces.
struct LogContents {
  private let bytes: [UInt8]
  private let path: String

  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The warning before the log is replaced; nil if it is empty.
  ///
  /// - Throws: `InputError(.cannotWrite)` for what is no log.
  func replacement() throws -> String? {
    if bytes.isEmpty { return nil }
    guard StepLine.beginsLog(bytes) else { throw ExistingFile.foreign(path, option: "--log") }
    return ExistingFile.replacing(path, "the log of an earlier run")
  }

  /// The size of the lines that a run keeps which goes on after `count` steps: those of the steps before,
  /// which must follow one another, but of which the first may be missing: a rotated log begins later.
  ///
  /// An empty log begins now, for a run that did not have one or whose log was rotated.
  ///
  /// - Parameter hash: that of the last of these lines; nil: it is not known.
  /// - Throws: `InputError(.cannotWrite)` if the log is not that of the run up to there.
  func size(ofRun count: Int, endingIn hash: String?) throws -> Int {
    guard !bytes.isEmpty, count > 0 else { return 0 }
    guard StepLine.beginsLog(bytes) else { throw ExistingFile.foreign(path, option: "--log") }
    guard let first = StepLine.step(of: bytes[...]), first < count else {
      throw fault(
        "begins after the checkpoint, which is of step \(count), so that nothing tells whether it is "
          + "of this run")
    }
    var line = bytes[..<0]
    for step in first..<count {
      line = self.line(from: line.endIndex)
      guard line.last == UInt8(ascii: "\n"), let found = StepLine.step(of: line) else {
        throw fault(
          "the log ends after step \(step), the checkpoint is of step \(count): steps are missing")
      }
      guard found == step else {
        throw fault("line \(step - first + 1) is of step \(found), expected \(step)")
      }
    }
    guard hash == nil || hash == StepLine.hash(line.dropLast()) else {
      throw fault(
        "the line of step \(count - 1) is not what this run wrote: it is another run's log")
    }
    return line.endIndex
  }

  /// The size of the lines before the first of a step from `step` on.
  func size(before step: Int) -> Int {
    var line = bytes[..<0]
    while line.endIndex < bytes.count {
      let next = self.line(from: line.endIndex)
      if let found = StepLine.step(of: next), found >= step { break }
      line = next
    }
    return line.endIndex
  }

  /// The line that begins at `start`, with its end.
  private func line(from start: Int) -> ArraySlice<UInt8> {
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
    return bytes[start..<(end ?? bytes.count)]
  }

  private func fault(_ message: String) -> InputError {
    InputError(
      .cannotWrite, "\(path): \(message); it stays as it is: give --log another file")
  }
}
