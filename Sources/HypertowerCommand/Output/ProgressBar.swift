/// A line on a terminal that is drawn again and again.
final class ProgressBar: ProgressDisplay {
  private static let interval = Duration.milliseconds(100)
  private static let barWidth = 20

  private var drawn: ContinuousClock.Instant?
  private var isOnLine = false

  func stepsUntilNext(after step: Int) -> Int? { nil }

  func show(_ progress: Progress) {
    let now = ContinuousClock.now
    if let drawn, now - drawn < Self.interval, progress.step < progress.steps { return }
    drawn = now
    isOnLine = true
    // The last column stays free: terminals differ in what they do when it is written to.
    Console.note("\r\u{1B}[K" + Self.line(progress, width: Console.errorWidth - 1))
  }

  func finish() {
    if isOnLine { Console.note("\n") }
    isOnLine = false
  }

  /// The line, with as many parts as fit.
  static func line(_ progress: Progress, width: Int) -> String {
    let share = progress.steps > 0 ? Double(progress.step) / Double(progress.steps) : 1
    let filled = Int(share * Double(barWidth))
    var line = progress.epochs > 1 ? "epoch \(progress.epoch)/\(progress.epochs)  " : ""
    line += String(repeating: "━", count: filled)
    line += String(repeating: "╌", count: barWidth - filled)
    line += " " + formatted("%3.0f", (100 * share).rounded(.down)) + " %"
    if line.count > width { return String(line.prefix(max(0, width))) }
    for part in progress.parts {
      guard line.count + 2 + part.count <= width else { break }
      line += "  " + part
    }
    return line
  }
}
