import Hypertower

/// Shows how far an experiment has come: a bar on a terminal, lines elsewhere, or nothing.
final class ExperimentProgress {
  /// About how many lines an experiment gets where there is no terminal.
  private static let lineCount = 20

  private let units: Int
  private let steps: Int
  private let bar: ProgressBar?
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private let stepsBefore: Int
  private var stepsDone: Int
  private var stepsOfUnit = 0
  private var number = 0
  private var label = ""
  private var linesShown = 0

  /// - Parameters:
  ///   - units: the number of pieces.
  ///   - steps: the number of training steps of all pieces.
  ///   - stepsDone: the number of steps of pieces that are done already.
  init(units: Int, steps: Int, stepsDone: Int, isQuiet: Bool) {
    self.units = units
    self.steps = steps
    self.stepsDone = stepsDone
    self.isQuiet = isQuiet
    stepsBefore = stepsDone
    linesShown = steps > 0 ? stepsDone * Self.lineCount / steps : 0
    bar = !isQuiet && Console.errorIsTerminal ? ProgressBar() : nil
  }

  func begin(_ unit: some ExperimentUnit, number: Int) {
    (label, self.number, stepsOfUnit) = (unit.id, number, 0)
    show()
  }

  func advance(by count: Int) {
    stepsOfUnit += count
    show()
  }

  func end(_ unit: some ExperimentUnit) {
    stepsDone += unit.steps
    stepsOfUnit = 0
    show()
  }

  func finish() { bar?.finish() }

  private func show() {
    guard !isQuiet else { return }
    let done = stepsDone + stepsOfUnit
    let share = steps > 0 ? Double(done) / Double(steps) : 1
    var parts: [String] = []
    if done > stepsBefore, done < steps {
      let seconds = (ContinuousClock.now - start).seconds
      let left = seconds * Double(steps - done) / Double(done - stepsBefore)
      parts.append(Progress.clock(left) + " left")
    }
    if let bar {
      bar.show(count: "\(number)/\(units)", share: share, parts: parts + [label])
    } else if Int(share * Double(Self.lineCount)) > linesShown {
      linesShown = Int(share * Double(Self.lineCount))
      Console.note(
        (["\(number)/\(units)", formatted("%.0f", 100 * share) + "%"] + parts + [label])
          .joined(separator: "  ") + "\n")
    }
  }
}
