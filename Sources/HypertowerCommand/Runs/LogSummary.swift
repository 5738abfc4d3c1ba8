import Hypertower

/// What a log of training tells of its run.
struct LogSummary {
  /// The name of the run; nil in a log of an earlier version.
  private(set) var run: String?
  private(set) var steps = 0
  private(set) var lastLoss: Double?
  private(set) var leastLoss: Double?
  /// What was measured at the end.
  private(set) var result: [(key: String, value: Double)] = []
  private(set) var seconds: Double?
  /// The tower at the end; nil: the run has not come to it.
  private(set) var tower: String?
  /// nil: there is no last line.
  private(set) var state: RunSummary.State?

  /// - Throws: `InputError(.badData)` for a line that is neither a step's nor a result.
  init(_ bytes: [UInt8], path: String) throws {
    let isJSON = StepLine.beginsLog(bytes)
    var header: ArraySlice<UInt8>?
    var start = 0
    var number = 0
    // What follows the last line's end was cut off while it was written.
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = bytes[start..<end]
      start = end + 1
      number += 1
      if header == nil && !isJSON {
        header = line
        continue
      }
      guard state == nil, isJSON ? addJSON(line) : addCells(line, header!) else {
        throw InputError(
          .badData, "\(path):\(number): is neither a step nor the end of a run: the log is damaged")
      }
    }
  }

  // MARK: Lines

  /// - Returns: whether the line is one of a log.
  private mutating func addJSON(_ line: ArraySlice<UInt8>) -> Bool {
    guard let object = (try? JSONValue(parsing: line, name: ""))?.object else { return false }
    if let step = object["step"]?.int, Self.isStep(step) {
      add(step, object["loss"]?.double)
    } else {
      guard
        add(
          result: { key in
            object[key].flatMap { value in
              value.string ?? value.double.map { "\($0)" }
            }
          }, keys: object.keys.sorted())
      else { return false }
    }
    run = run ?? object[LogResult.runKey]?.string
    return true
  }

  private mutating func addCells(_ line: ArraySlice<UInt8>, _ header: ArraySlice<UInt8>) -> Bool {
    func cell(_ name: String) -> String? {
      CSVLog.cell(name, ofRow: line, header: header).flatMap { $0.isEmpty ? nil : $0 }
    }
    if run == nil { run = cell(LogResult.runKey) }
    let parts = line.split(
      separator: UInt8(ascii: ","), maxSplits: 2, omittingEmptySubsequences: false)
    func text(_ place: Int) -> String { String(decoding: parts[place], as: UTF8.self) }
    guard parts.count > 2 else { return false }
    if let step = Int(text(0)), Self.isStep(step) {
      add(step, Double(text(1)))
      return true
    }
    let names = String(decoding: header, as: UTF8.self).split(separator: ",").map(String.init)
    return parts[0].isEmpty && add(result: cell, keys: names)
  }

  private static func isStep(_ number: Int) -> Bool { 0..<Trainer.greatestStepCount ~= number }

  private mutating func add(_ step: Int, _ loss: Double?) {
    steps = step + 1
    lastLoss = loss
    if let loss, loss.isFinite { leastLoss = min(leastLoss ?? loss, loss) }
  }

  /// Adds the last line.
  ///
  /// - Parameters:
  ///   - result: what it says under a name; nil: nothing.
  ///   - keys: the names.
  /// - Returns: whether it is the end of a run.
  private mutating func add(result: (String) -> String?, keys: [String]) -> Bool {
    guard let count = result("steps").flatMap({ Double($0) }).flatMap({ Int(exactly: $0) }),
      0...Trainer.greatestStepCount ~= count
    else { return false }
    steps = count
    seconds = result("seconds").flatMap { Double($0) }
    tower = result("tower")
    state =
      result("error") != nil
      ? .diverged : result("interrupted") != nil ? .interrupted : .finished
    self.result = keys.filter(Measure.isKey).compactMap { key in
      result(key).flatMap { Double($0) }.map { (key, $0) }
    }
    return state != .finished || tower != nil
  }
}
