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

  @Test("Epochs and times count as people count")
  func numbers() {
    #expect(progress.epoch == 3 && progress.epochs == 3)
    #expect(Progress(step: 200, steps: 600, stepsPerEpoch: 200).epoch == 1)
    #expect(Progress(step: 0, steps: 0, stepsPerEpoch: 200).epoch == 1)
    let long = Progress(step: 0, steps: 7_261, stepsPerEpoch: 200, stepsPerSecond: 1)
    #expect(long.parts.last == "2:01:01 left")
  }

  @Test("Lines come every so many steps")
  func lines() {
    let display = ProgressLines(steps: 600, stepsPerEpoch: 200)
    #expect(display.stepsUntilNext(after: 0) == 30)
    #expect(display.stepsUntilNext(after: 45) == 15)
    #expect(ProgressLines(steps: 3, stepsPerEpoch: 200).stepsUntilNext(after: 1) == 1)
    #expect(ProgressLines(steps: 200_000, stepsPerEpoch: 200).stepsUntilNext(after: 0) == 200)
  }
}
