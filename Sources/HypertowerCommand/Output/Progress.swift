/// How far training has come.
struct Progress {
  var step = 0
  var steps = 0
  var stepsPerEpoch = 1
  /// Whether the run ends before its last step.
  var isStopped = false
  /// The mean loss of the latest batch.
  var loss: Double?
  /// The accuracy when it was last measured, in percent.
  var accuracy: Double?
  /// The samples that accuracy is measured on, as the display calls them.
  var accuracyName = "test"
  var stepsPerSecond: Double?
  /// The bottom level's hyperparameters.
  var hyperparameters: [(name: String, value: Double)] = []

  /// How much is done, in 0...1.
  var share: Double { steps > 0 ? Double(step) / Double(steps) : 1 }
  /// Whether no step follows.
  var isLast: Bool { step == steps || isStopped }
  var epochs: Int { (steps + stepsPerEpoch - 1) / stepsPerEpoch }
  /// The number of the epoch of the latest step, from 1.
  var epoch: Int { max(1, (step + stepsPerEpoch - 1) / stepsPerEpoch) }
  var secondsLeft: Double? { stepsPerSecond.map { Double(steps - step) / $0 } }

  /// What there is to say, the most important first.
  var parts: [String] {
    var parts: [String] = []
    if let loss { parts.append("loss " + formatted("%.4f", loss)) }
    if let accuracy { parts.append("\(accuracyName) " + formatted("%.2f", accuracy) + "%") }
    if let stepsPerSecond { parts.append(formatted("%.0f", stepsPerSecond) + " steps/s") }
    if let secondsLeft { parts.append(Self.clock(secondsLeft) + " left") }
    parts += hyperparameters.map { "\($0.name) " + formatted("%.4g", $0.value) }
    return parts
  }

  /// A duration as `1:05` or `2:00:00`.
  static func clock(_ seconds: Double) -> String {
    let total = Int(min(seconds, 3.6e8).rounded(.up))
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    func twoDigits(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    let end = twoDigits(total % 60)
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(end)" : "\(minutes):\(end)"
  }
}

/// Something that shows how far training has come.
protocol ProgressDisplay: AnyObject {
  /// Shows it if something new is due.
  func show(_ progress: Progress, at now: ContinuousClock.Instant)
  /// Called when training has ended, well or not.
  func finish()
}
