import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// The experiment `untuned`.
@Suite("Untuned", .serialized)
struct UntunedTests {
  // MARK: Arithmetic

  private func outcome(accuracy: Double? = nil, loss: Double? = nil) -> TrialOutcome {
    var outcome = TrialOutcome(SGD(0).tower, steps: 1)
    (outcome.testAccuracyPercent, outcome.testLoss) = (accuracy, loss)
    return outcome
  }

  @Test("A metric says what is better, and by how much")
  func metrics() throws {
    #expect(UntunedMetric.accuracy.value(outcome(accuracy: 97, loss: 1)) == 97)
    #expect(UntunedMetric.perplexity.value(outcome(loss: 0)) == 1)
    #expect(UntunedMetric.perplexity.value(outcome(loss: 1e4)) == nil)
    #expect(UntunedMetric.squaredError.value(outcome(loss: 0.25)) == 0.25)
    #expect(UntunedMetric.logExcess.value(outcome(loss: 1e-3)) == -3)
    #expect(UntunedMetric.logExcess.value(outcome(loss: 0)) == -16)
    #expect(UntunedMetric.absoluteError.value(outcome()) == nil)

    #expect(UntunedMetric.accuracy.lag(96.5, behind: 97) == 0.5)
    #expect(UntunedMetric.accuracy.lag(97, behind: 96.5) == -0.5)
    #expect(UntunedMetric.logExcess.lag(-3, behind: -4) == 1)
    #expect(UntunedMetric.perplexity.lag(6, behind: 4) == 50)
    #expect(UntunedMetric.squaredError.lag(3, behind: 4) == -25)
    for metric in [UntunedMetric.accuracy, .perplexity] {
      #expect(metric.lag(nil, behind: 5) == .infinity)
      #expect(metric.lag(nil, behind: nil) == .infinity)
      #expect(metric.lag(5, behind: nil) == -.infinity)
      #expect(!metric.isBetter(nil, than: 1) && metric.isBetter(1, than: nil))
    }
    #expect(UntunedMetric.accuracy.isBetter(97, than: 96))
    #expect(UntunedMetric.logExcess.isBetter(-4, than: -3))
    #expect(UntunedMetric.accuracy.text(ofLag: -0.25) == "−0.25 points")
    #expect(UntunedMetric.logExcess.text(ofLag: 1) == "1.00 decades")
    #expect(UntunedMetric.perplexity.text(ofLag: 1.5) == "1.50 %")
    #expect(UntunedMetric.perplexity.text(ofLag: .infinity) == "diverged")
  }

  @Test("What is within a margin, to the last digit")
  func margins() {
    let margin = UntunedMetric.Margin(points: 0.3, percent: 2)
    #expect(margin.text == "0.3 points or 2 %")
    // 0.3 in hundredths, which is 0.30000000000001137 here.
    let lag = UntunedMetric.accuracy.lag(94.2, behind: 94.5)
    #expect(UntunedMetric.accuracy.isWithin(margin, lag: lag))
    #expect(UntunedMetric.accuracy.isWithin(margin, lag: 0.3 + 5e-10))
    #expect(!UntunedMetric.accuracy.isWithin(margin, lag: 0.31))
    #expect(!UntunedMetric.logExcess.isWithin(margin, lag: 1.9))
    #expect(UntunedMetric.perplexity.isWithin(margin, lag: 1.9))
    #expect(!UntunedMetric.perplexity.isWithin(margin, lag: 2.1))
    #expect(UntunedMetric.perplexity.isWithin(margin, lag: -.infinity))
    #expect(!UntunedMetric.perplexity.isWithin(margin, lag: .infinity))
  }

  @Test("The median of seeds, a run that diverged being the worst")
  func medians() {
    func values(_ losses: [Double?], _ metric: UntunedMetric = .squaredError) -> UntunedValues {
      UntunedValues(losses.map { outcome(accuracy: $0, loss: $0) }, metric)
    }
    #expect(values([3, 1, 2]).median == 2)
    #expect(values([3, 1, 2]).text == "2.00000 (1.00000 … 3.00000)")
    #expect(values([90, 95, 92], .accuracy).text == "92.00 (95.00 … 90.00)")
    #expect(values([1, nil, 2]).median == 2)
    #expect(values([1, nil, 2]).text == "2.00000 (1.00000 … diverged)")
    #expect(values([nil, nil, 2]).median == nil)
    #expect(values([1, 2]).median == 2)
    #expect(values([7]).text == "7.00000")
    #expect(values([]).text == "" && values([]).median == nil)
  }

  /// An experiment of two problems, and outcomes for all its runs by what they are.
  private func experiment(
    _ value: (UntunedProblem, Untuned.Run) -> Double?
  ) throws -> (Untuned, [String: TrialOutcome]) {
    let problems = try ["mnist-128", "autoencoder"].map { name in
      try #require(UntunedProblem.all.first { $0.name == name })
    }
    let contenders = ["first", "second"].enumerated().map { number, label in
      Untuned.Contender(label: label) { _ in Optimization(tower: SGD(Double(number)).tower) }
    }
    let experiment = Untuned(
      problems, contenders, data: UntunedData(givenText: nil), isQuick: true, on: .cpu)
    let outcomes = experiment.units.map { run in
      let value = value(run.problem, run)
      return (run.id, outcome(accuracy: value, loss: value))
    }
    return (experiment, Dictionary(uniqueKeysWithValues: outcomes))
  }

  @Test("The table has the best of Adam's step sizes, and says who is within the margins of it")
  func table() throws {
    // The best step size of constant Adam is 0.01, of cosine Adam 1.
    let (experiment, outcomes) = try experiment { problem, run in
      let isAccuracy = problem.metric == .accuracy
      return switch run.subject {
      case .contender(let own) where own.tower.description == "sgd(0)":
        isAccuracy ? [94.1, 94.3, 94.2][run.seed] : [1, 1.02, 1.03][run.seed]
      case .contender: isAccuracy ? [93.5, nil, 93.6][run.seed] : [nil, nil, 0.9][run.seed]
      case .search(.constant, let stepSize):
        stepSize == 1 ? nil : isAccuracy ? 80 + 100 * stepSize : 2 - 100 * stepSize
      case .search(.cosine, let stepSize): isAccuracy ? 94 + stepSize / 2 : 1 - stepSize / 100
      case .best(.constant): isAccuracy ? 94.25 + Double(run.seed) / 4 : 1
      case .best(.cosine): isAccuracy ? 94.7 : 0.98
      }
    }
    let results = experiment.results(outcomes)
    #expect(
      results.map(\.problem.name) == ["mnist-128", "mnist-128", "autoencoder", "autoencoder"])
    #expect(results.map(\.label) == ["first", "second", "first", "second"])
    #expect(results.allSatisfy { $0.constant.stepSize == 0.01 && $0.cosine.stepSize == 1 })
    // Of 81, 94.5 and 94.75, and of 94.5, 94.7 and 94.7.
    #expect(results[0].constant.values.median == 94.5)
    #expect(results[0].cosine.values.median == 94.7)
    #expect(results.map(\.values.median) == [94.2, 93.5, 1.02, nil])
    #expect(
      results.map(\.verdicts) == [
        // 0.3 and 0.5 points behind.
        [true, true, true],
        // 1.0 and 1.2 points.
        [false, true, false],
        // 2 and 4.08 %.
        [true, true, false],
        [false, false, false],
      ])
    let report = experiment.report(outcomes)
    #expect(
      report.tables[0].rows[1].suffix(5) == ["1.00 points", "1.20 points", "no", "yes", "no"])
    #expect(
      report.tables[1].rows == [["first", "2", "2", "2", "1"], ["second", "2", "0", "1", "0"]])
    let behind = try #require(report.summary[2].values["behind_constant"])
    #expect(abs(behind - 2) < 1e-9)
    #expect(report.remarks.contains { $0.hasPrefix("mnist-128: the best step size of cosine") })
  }

  // MARK: Data and problems

  @Test("Made data are the same each time, and what their description says")
  func madeData() throws {
    func values(_ data: Dataset) throws -> (x: [Float], y: [Float]) {
      guard case .floats(let x) = data.features, case .values(let y, 1) = data.targets else {
        throw InputError(.badData, "other data")
      }
      return (x, y)
    }
    for make in [{ MadeRegression.linear(decades: 6) }, { MadeRegression.withOutliers() }] {
      let (first, second) = (make(), make())
      #expect(try values(first.train) == values(second.train))
      #expect(try values(first.test) == values(second.test))
      #expect(first.train.count == 10_000 && first.test.count == 2_000)
      #expect(try values(first.train).x.prefix(100) != values(first.test).x.prefix(100))
    }
    let (x, y) = try values(MadeRegression.linear(decades: 3).train)
    for (feature, expected) in [(0, 1.0), (19, 1e-3)] {
      let own = stride(from: feature, to: x.count, by: 20).map { Double(x[$0]) }
      #expect(abs(try #require(own.standardDeviation) / expected - 1) < 0.03)
    }
    #expect(y.allSatisfy { abs($0) < 20 })
    let outliers = MadeRegression.withOutliers()
    #expect(try values(outliers.train).y.contains { abs($0) > 100 })
    #expect(try values(outliers.test).y.allSatisfy { abs($0) < 4 })
  }

  @Test("Every problem and every run has a name of its own")
  func names() {
    let names = UntunedProblem.all.map(\.name)
    #expect(names.count == 16 && Set(names).count == 16)
    let experiment = Untuned(
      UntunedProblem.all,
      [
        .init(label: "own") { _ in Optimization(tower: Adam().tower, average: .polynomial) }
      ], data: UntunedData(givenText: nil), isQuick: false, on: .cpu)
    #expect(experiment.stepSizes.count == 13)
    #expect(experiment.stepSizes.first == 1e-5 && experiment.stepSizes.last == 10)
    let units = experiment.units
    #expect(Set(units.map(\.id)).count == units.count)
    #expect(units.count == 16 * (3 + 2 * (13 + 2)))
  }

  // MARK: As a user sees it

  private func run(_ folder: String, _ arguments: String...) throws -> CommandRun {
    try CommandRun(
      ["experiment", "untuned", "--quick", "--device", "cpu", "--quiet", "--out", folder]
        + arguments)
  }

  private func outcomes(_ folder: String) throws -> [String: JSONValue] {
    let path = folder + "/quick/untuned.json"
    let json = try JSONValue(
      parsing: Array(Data(contentsOf: URL(filePath: path))), name: path)
    return try #require(json["outcomes"]?.object)
  }

  /// What is kept of runs, without what the clock decides.
  private func journal(_ folder: String) throws -> [Substring] {
    try String(
      decoding: Data(contentsOf: URL(filePath: folder + "/quick/untuned.runs.jsonl")), as: UTF8.self
    ).split(separator: "\n")
  }

  @Test("Problems and towers are added to what is done, and nothing is done twice")
  func adding() throws {
    try withTemporaryFolder { folder in
      let first = try run(folder, "--problems", "linear-3")
      #expect(first.status == 0, "\(first.errors)")
      let lines = try journal(folder)
      #expect(lines.count == 1 + 3 + 2 * (3 + 2))
      #expect(first.output.contains("| linear-3 | `adam(0.001) / drift(1)` |"))
      #expect(first.output.contains("| default | 1        |"))

      let second = try run(folder, "--problems", "outliers,linear-3")
      #expect(second.status == 0, "\(second.errors)")
      #expect(second.errors.contains("13 of 26 runs are done"))
      #expect(try Array(journal(folder).prefix(lines.count)) == lines)
      #expect(try journal(folder).count == lines.count + 13)
      let both = try outcomes(folder)
      #expect(both.count == 26)

      let third = try run(
        folder, "--problems", "linear-3", "--optimizer", "adam() / drift()", "--optimizer",
        "adam(0.01)", "--first-step", "none")
      #expect(third.status == 0, "\(third.errors)")
      #expect(third.errors.contains("10 of 16 runs are done"))
      #expect(try outcomes(folder).count == 16)
      #expect(third.output.contains("| adam(0.01)             | 1        |"), "\(third.output)")

      // With a limit that does not lower the first step, these are the runs of the search.
      let own = "linear-3, 10 steps of 100: adam(0.01), average polynomial, seed 0"
      let searched = "linear-3, 10 steps of 100: adam, constant 0.01, seed 0"
      let loss = try #require(try outcomes(folder)[own]?["test_loss"]?.double)
      #expect(try outcomes(folder)[searched]?["test_loss"]?.double == loss)

      let dropped = try run(folder, "--problems", "linear-3", "--restart")
      #expect(dropped.status == 0 && !dropped.errors.contains("are done"), "\(dropped.errors)")
      #expect(try journal(folder).count == lines.count)
    }
  }

  @Test("A run that was killed goes on, and ends in the same numbers")
  func resuming() throws {
    try withTemporaryFolder { folder in
      let whole = try run(folder + "/whole", "--problems", "outliers")
      #expect(whole.status == 0, "\(whole.errors)")
      let all = try outcomes(folder + "/whole")
      #expect(try run(folder + "/killed", "--problems", "outliers").status == 0)
      // As a kill leaves it: whole lines, and the beginning of one.
      let path = folder + "/killed/quick/untuned.runs.jsonl"
      let lines = try journal(folder + "/killed")
      let left = lines.prefix(7).joined(separator: "\n") + "\n" + lines[7].prefix(20)
      try Data(left.utf8).write(to: URL(filePath: path))
      let resumed = try run(folder + "/killed", "--problems", "outliers")
      #expect(resumed.status == 0 && resumed.errors.contains("6 of 13 runs are done"))
      let again = try outcomes(folder + "/killed")
      #expect(again.keys.sorted() == all.keys.sorted())
      for (id, outcome) in all {
        #expect(again[id]?["test_loss"] == outcome["test_loss"], "\(id)")
        #expect(again[id]?["tower"] == outcome["tower"], "\(id)")
      }
      // The further seeds have the step size that was found.
      let best = try #require(all["outliers, 10 steps of 100: adam, best constant, seed 1"])
      let found = try [1e-4, 1e-2, 1].min {
        func loss(_ stepSize: Double) throws -> Double {
          let id =
            "outliers, 10 steps of 100: adam, constant \(formatted("%.3g", stepSize)), seed 0"
          return try #require(all[id]?["test_loss"]?.double)
        }
        return try loss($0) < loss($1)
      }
      #expect(
        best["bottom_hyperparameters"]?["alpha"]?.double.map { Float($0) }
          == found.map { Float($0) })
    }
  }

  @Test("The default is what `train` does without options")
  func asTrained() throws {
    try withTemporaryFolder { folder in
      let run = try CommandRun([
        "experiment", "untuned", "--quick", "--quiet", "--out", folder, "--problems", "mnist-32",
      ])
      #expect(run.status == 0, "\(run.errors)")
      let id =
        "mnist-32, 10 steps of 300: adam(0.001) / drift(1), first step 0.001, average polynomial, seed 1"
      let outcome = try #require(try outcomes(folder)[id])
      let train = try CommandRun([
        "train", "--hidden", "32", "--steps", "10", "--seed", "1", "--quiet", "--log",
        folder + "/log",
      ])
      #expect(train.status == 0, "\(train.errors)")
      let log = try Data(contentsOf: URL(filePath: folder + "/log"))
        .split(separator: UInt8(ascii: "\n"))
      let last = try JSONValue(parsing: #require(log.last), name: "log")
      #expect(last["test_accuracy_percent"] == outcome["test_accuracy_percent"])
      #expect(last["tower"] == outcome["tower"])
    }
  }

  @Test(
    "What cannot be run is refused before anything is written",
    arguments: [
      (["--problems", "mnist"], "unknown problem 'mnist'; there are mnist-32"),
      (["--problems", "outlier"], "did you mean 'outliers'?"),
      (["--problems", "relu,relu"], "--problems names relu twice"),
      (["--problems", ","], "--problems is empty"),
      (["--problems", "cnn,gpt"], "the problem gpt needs a text: give one by --text FILE"),
      (["--optimizer", "sdg()"], "sdg"),
      (["--optimizer", "sgd(1)", "--optimizer", "sgd(1.0)"], "--optimizer sgd(1) is given twice"),
    ])
  func refusals(_ arguments: [String], _ message: String) throws {
    try withTemporaryFolder { folder in
      let run = try CommandRun(
        ["experiment", "untuned", "--device", "cpu", "--out", folder + "/out"] + arguments)
      #expect(run.status == 64)
      #expect(run.errors.contains(message), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
    }
  }
}
