import FoundationEssentials
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Plots of training")
struct TrainingPlotTests {
  @Test("A run's course is drawn, however tall its tower and odd its folder")
  func plots() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let tall = Array(repeating: "sgd(0.1)", count: 12).joined(separator: " / ")
      for tower in ["sgd_per_parameter(0.1) / adam()", "adam() / rmsprop() / adagrad()", tall] {
        let out = folder + "/it's a plot"
        let run = try CommandRun(
          [
            "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16",
            "--epochs",
            "3", "--quiet", "--plot", out, "--optimizer", tower,
          ])
        #expect(run.status == 0, "\(run.errors)")
        let blocks = try String(
          decoding: Data(contentsOf: URL(filePath: out + "/training.tsv")), as: UTF8.self
        ).split(separator: "\n\n\n").map { $0.split(separator: "\n") }
        let lines = blocks[0]
        #expect(lines.count == 13)
        // The accuracy after every step, since a tenth of the run is less.
        #expect(blocks[1].count == 13)
        #expect(blocks[1][0] == "step\ttest_loss\ttest_accuracy_percent")
        #expect(lines[0].hasPrefix("step\tloss\tlevel 0 "))
        let columns = lines[0].split(separator: "\t").count
        #expect(lines.allSatisfy { $0.split(separator: "\t").count == columns })
        if hasGnuplot {
          #expect(run.errors.contains("hypertower: drawn: "), "\(run.errors)")
          let picture = try Data(contentsOf: URL(filePath: out + "/training.svg"))
          #expect(String(decoding: picture, as: UTF8.self).contains("</svg>"))
        }
      }
      // Of a level whose step sizes are tuned one by one, all are step sizes.
      let out = folder + "/per tensor"
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--quiet",
          "--plot", out, "--optimizer", "adam() / drift(per_tensor=true)",
        ])
      #expect(run.status == 0, "\(run.errors)")
      let titles = try String(
        decoding: Data(contentsOf: URL(filePath: out + "/training.gnuplot")), as: UTF8.self
      ).split(separator: "\n").filter { $0.contains("level 0, adam: ") }
      #expect(titles.count == 1 && titles[0].contains("level 0, adam: alpha"), "\(titles)")
      let nothing = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--steps",
          "0", "--plot", folder + "/none", "--quiet",
        ])
      #expect(nothing.status == 0)
      #expect(nothing.errors.contains("there is nothing to draw in training"))
    }
  }

  @Test("A run that diverges before its accuracy is measured is drawn as far as it came")
  func diverged() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--steps",
          "900", "--quiet", "--evaluate-every", "500", "--plot", folder + "/plot", "--optimizer",
          "adam(1e38) / sgd(1e-5)",
        ])
      #expect(run.status == 3, "\(run.errors)")
      let text = try String(
        decoding: Data(contentsOf: URL(filePath: folder + "/plot/training.tsv")), as: UTF8.self)
      #expect(!text.contains("test_loss") && text.hasPrefix("step\tloss\tlevel 0 alpha"))
      if hasGnuplot { #expect(run.errors.contains("drawn: "), "\(run.errors)") }
    }
  }

  @Test("A long run is thinned out to means of steps in a row")
  func history() throws {
    let data = Dataset(
      count: 6, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255, 4, 4, 8, 99]),
      targets: .classes([0, 1, 1, 0, 1, 0], classCount: 2))
    let trainer = try Trainer(
      DenseNetwork(widths: [2, 2]), loss: .negativeLogLikelihood, optimizer: SGD() / SGD(1e-4),
      on: .cpu)
    let history = TrainingHistory()
    var records: [StepRecord] = []
    try trainer.train(on: data, batchSize: 2, steps: 5000) {
      history.append($0)
      records += $0
    }
    #expect(history.stride == 4)
    #expect(history.points.count == 1250)
    for (number, point) in history.points.enumerated() {
      let part = records[4 * number..<4 * number + 4]
      #expect(point.step == part.last!.step)
      #expect(abs(point.loss - part.map(\.loss).mean) < 1e-12)
      #expect(point.values[0][0] == part.last!.hyperparameters[0][0].value)
    }
    history.rewind(to: 4000)
    #expect(history.points.last?.step == 3999)
  }
}
