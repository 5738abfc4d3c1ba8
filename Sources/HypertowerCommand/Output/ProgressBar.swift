/// A line on a terminal that is drawn again and again.
final class ProgressBar: ProgressDisplay {
  private static let interval = Duration.milliseconds(100)
  private static let barWidth = 4...20
  private static let separator = "  "

  private var drawn: ContinuousClock.Instant?

  func show(_ progress: Progress, at now: ContinuousClock.Instant) {
    show(
      count: "\(progress.epoch)/\(progress.epochs)", share: progress.share, parts: progress.parts,
      isLast: progress.isLast)
  }

  /// Draws the line, unless it was drawn just before.
  ///
  /// - Parameters:
  ///   - count: what stands before the bar.
  ///   - share: how much is done, in 0...1.
  ///   - parts: what stands after the bar, the most important first.
  ///   - isLast: whether it is drawn in any case, since nothing follows; default: once all is done.
  func show(count: String, share: Double, parts: [String], isLast: Bool? = nil) {
    let now = ContinuousClock.now
    if let drawn, now - drawn < Self.interval, !(isLast ?? (share >= 1)) { return }
    drawn = now
    // The last column stays free: terminals differ in what they do when it is written to.
    Console.note(
      Console.lineStart
        + Self.line(count: count, share: share, parts: parts, width: Console.errorWidth - 1))
    Console.isOnBar = true
  }

  func finish() {
    if Console.isOnBar { Console.note("\n") }
    Console.isOnBar = false
  }

  /// The line: what is done, a bar in the room that is left, and as many parts as fit.
  static func line(count: String, share: Double, parts: [String], width: Int) -> String {
    let percent = formatted("%3.0f", (100 * share).rounded(.down)) + "%"
    let count = count + " "
    var tail = parts
    while barWidth.lowerBound + count.count + length(of: percent, tail) > width, !tail.isEmpty {
      tail.removeLast()
    }
    let room = width - count.count - length(of: percent, tail)
    let bar = bar(share, width: min(max(room, barWidth.lowerBound), barWidth.upperBound))
    return String("\(count)\(bar)\(([percent] + tail).joined(separator: separator))".prefix(width))
  }

  private static func length(of percent: String, _ parts: [String]) -> Int {
    parts.reduce(percent.count) { $0 + separator.count + $1.count }
  }

  private static func bar(_ share: Double, width: Int) -> String {
    let filled = Int(share * Double(width))
    return String(repeating: "━", count: filled) + String(repeating: "╌", count: width - filled)
  }
}
