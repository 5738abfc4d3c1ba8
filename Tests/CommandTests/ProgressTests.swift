import Testing

@testable import HypertowerCommand

@Suite("Progress")
struct ProgressTests {
  private let progress = Progress(
    step: 450, steps: 600, stepsPerEpoch: 200, loss: 0.84471, accuracy: 95.913,
    stepsPerSecond: 2, hyperparameters: [("alpha", 0.0076815), ("beta1", 0.9)])

  private func line(width: Int) -> String {
    ProgressBar.line(count: "3/3", share: progress.share, parts: progress.parts, width: width)
  }

  @Test("The bar is as wide as the terminal allows and shows what fits")
  func bar() {
    let full =
      "3/3 ━━━━━━━━━━━━━━━╌╌╌╌╌  75%  loss 0.8447  test 95.91%  2 steps/s  1:15 left"
      + "  alpha 0.007681  beta1 0.9"
    #expect(line(width: 200) == full.replacing("╌  75%", with: "╌ 75%"))
    for width in 0...200 { #expect(line(width: width).count <= width) }
    let usual = line(width: 79)
    #expect(usual.contains("loss 0.8447") && usual.contains("1:15 left"))
    #expect(usual.contains("alpha 0.007681"))
  }

  @Test("Messages stand on lines of their own, and the bar is drawn where the run stops")
  func terminal() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      func run(_ arguments: String) throws -> CommandRun {
        let common = "train --device cpu --data @/data --batch-size 8 --epochs 9 --first-step none"
        return try CommandRun(words(of: "\(common) \(arguments)", in: folder), terminal: "xterm")
      }
      let stopped = try run(
        "--validation 0.4 --optimizer sgd(0) --average none --evaluate-every 2 --early-stopping 2")
      #expect(stopped.errors.contains("stopping after step 6"), "\(stopped.errors)")
      let drawn = stopped.errors.split(separator: "\r\u{1B}[K").last
      #expect(drawn?.hasPrefix("2/9 ") == true, "\(stopped.errors)")
      let restored = try run("--optimizer adam(1e38) --on-divergence restore")
      let lines = restored.errors.replacing("\r\n", with: "\n").split(separator: "\n")
        .filter { $0.contains("going back") }
      #expect(!lines.isEmpty, "\(restored.errors)")
      for line in lines {
        let message = line.split(separator: "\r\u{1B}[K").last
        #expect(message?.hasPrefix("hypertower: ") == true, "\(line)")
      }
    }
  }

  @Test("Epochs and times count as people count")
  func numbers() {
    #expect(progress.epoch == 3 && progress.epochs == 3)
    #expect(Progress(step: 200, steps: 600, stepsPerEpoch: 200).epoch == 1)
    #expect(Progress(step: 0, steps: 0, stepsPerEpoch: 200).epoch == 1)
    let long = Progress(step: 0, steps: 7_261, stepsPerEpoch: 200, stepsPerSecond: 1)
    #expect(long.parts.last == "2:01:01 left")
  }

  @Test("A pipe gets at most one line a second, and one every ten seconds")
  func lines() {
    let start = ContinuousClock.now
    /// The seconds at which lines come if progress is shown every tenth of a second.
    func times(steps: Int, stepsPerEpoch: Int, stepsPerSecond: Int, seconds: Int) -> [Double] {
      var (times, second) = ([Double](), 0.0)
      let display = ProgressLines(after: 0, of: steps, stepsPerEpoch: stepsPerEpoch, at: start) {
        _ in times.append(second)
      }
      for tenth in 1...10 * seconds {
        second = Double(tenth) / 10
        let step = min(steps, tenth * stepsPerSecond / 10)
        display.show(
          Progress(step: step, steps: steps, stepsPerEpoch: stepsPerEpoch),
          at: start + .milliseconds(100 * tenth))
        if step == steps { break }
      }
      return times
    }
    // Epochs of one step.
    let short = times(steps: 2000, stepsPerEpoch: 1, stepsPerSecond: 400, seconds: 10)
    #expect(short == [1, 2, 3, 4, 5])
    // An epoch of an hour.
    let long = times(steps: 36_000, stepsPerEpoch: 36_000, stepsPerSecond: 10, seconds: 60)
    #expect(long == [10, 20, 30, 40, 50, 60])
    // A run that has stopped early shows where.
    var last: [String] = []
    let display = ProgressLines(after: 0, of: 900, stepsPerEpoch: 9, at: start) { last.append($0) }
    display.show(Progress(step: 7, steps: 900, isStopped: true), at: start)
    #expect(last.count == 1 && last[0].hasPrefix("step 7/900"))
    // All is done within a second.
    #expect(times(steps: 50, stepsPerEpoch: 10, stepsPerSecond: 100, seconds: 1) == [0.5])
  }
}
