import Hypertower

/// What a log holds that a run goes on with, or replaces.
struct LogContents {
  private let bytes: [UInt8]
  private let path: String
  private let format: LogFormat

  init(_ bytes: [UInt8], path: String, format: LogFormat = .json) {
    self.bytes = bytes
    self.path = path
    self.format = format
  }

  /// The warning before the log is replaced; nil if it is empty.
  ///
  /// - Throws: `InputError(.cannotWrite)` for what is no log.
  func replacement() throws -> String? {
    if bytes.isEmpty { return nil }
    guard LogFormat.beginsLog(bytes) else { throw ExistingFile.foreign(path, option: "--log") }
    return ExistingFile.replacing(path, "the log of an earlier run")
  }

  /// The size of the lines that a run keeps which goes on after `count` steps: those of the steps before,
  /// which must follow one another, but of which the first may be missing: a rotated log begins later.
  ///
  /// An empty log begins now, for a run that did not have one or whose log was rotated.
  ///
  /// - Parameters:
  ///   - run: the name of the run.
  ///   - hash: that of the last of these lines; nil: it is not known.
  /// - Throws: `InputError(.cannotWrite)` if the log is not that of the run up to there.
  func size(of run: String, steps count: Int, endingIn hash: String?) throws -> Int {
    guard !bytes.isEmpty, count > 0 else { return 0 }
    guard LogFormat.beginsLog(bytes) else { throw ExistingFile.foreign(path, option: "--log") }
    var line = try header()
    guard let first = format.step(of: bytes[line.endIndex...]), first < count else {
      throw fault(
        "begins after the checkpoint, which is of step \(count), so that nothing tells whether it is "
          + "of this run")
    }
    let begun = self.line(from: line.endIndex).prefix { $0 != UInt8(ascii: "\n") }
    if let other = format.run(of: begun), other != run {
      throw fault("is the log of the run \(other), and this run is \(run)")
    }
    for step in first..<count {
      line = self.line(from: line.endIndex)
      guard line.last == UInt8(ascii: "\n"), let found = format.step(of: line) else {
        throw fault(
          "the log ends after step \(step), the checkpoint is of step \(count): steps are missing")
      }
      guard found == step else {
        throw fault("line \(step - first + 1) is of step \(found), expected \(step)")
      }
    }
    guard hash == nil || hash == format.hash(line.dropLast()) else {
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
      if let found = format.step(of: next), found >= step { break }
      line = next
    }
    return line.endIndex
  }

  /// The line of names, or what is before the first line where there is none.
  private func header() throws -> ArraySlice<UInt8> {
    let isJSON = StepLine.beginsLog(bytes)
    guard let header = format.header else {
      guard isJSON else {
        throw fault("has comma-separated values, and its name does not end in .csv")
      }
      return bytes[..<0]
    }
    let line = line(from: 0)
    guard line.elementsEqual((header + "\n").utf8) else {
      throw fault(
        isJSON
          ? "has JSON, and its name ends in .csv"
          : "has other columns than this run writes: it is another run's log")
    }
    return line
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
