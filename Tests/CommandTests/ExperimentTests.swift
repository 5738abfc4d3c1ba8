import FoundationEssentials
import Glibc
import Hypertower
import OpenCL
import Testing

@testable import HypertowerCommand

/// Whether plots are drawn here.
private var hasGnuplot: Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    access("\($0)/gnuplot", X_OK) == 0
  }
}

@Suite("Experiments", .serialized)
struct ExperimentTests {
  // MARK: The papers' numbers

  /// OpenCL's first device, where there is one: the CPU backend takes minutes for the same.
  private func device() throws -> Device {
    try Device.preferred(warn: { _ in })
  }

  private func outcomes<Subject: Experiment>(_ experiment: Subject) throws -> [String: Subject
    .Outcome]
  {
    try experiment.units.reduce(into: [:]) { outcomes, unit in
      var steps = 0
      outcomes[unit.id] = try experiment.run(unit, after: outcomes) { steps += $0 }
      #expect(steps == unit.steps, "\(unit.id)")
    }
  }

  @Test("Tables 1 and 2 have the values of PyTorch's runs")
  func tables() throws {
    let device = try device()
    let expected: [(PaperTable, [String: (accuracy: Double, rerun: Double?)])] = [
      (
        try PaperTable.table1(seeds: 1, isQuick: false, on: device),
        [
          "sgd(0.01)": (79.62, nil), "sgd(0.01) / sgd(0.01)": (88.36, 88.73),
          "sgd(0.01) / adam()": (86.81, 87.85),
        ]
      ),
      (
        try PaperTable.table2(seeds: 1, isQuick: false, on: device),
        [
          "adam()": (91.00, nil), "adam() / adam()": (94.37, 94.37),
          "adam_alpha() / adam()": (94.43, nil),
        ]
      ),
    ]
    for (table, rows) in expected {
      let summary = table.report(try outcomes(table)).summary
      #expect(summary.count == table.rows.count)
      for (label, values) in rows {
        let row = try #require(summary.first { $0.label == label })
        #expect(abs(try #require(row.values["accuracy_percent"]) - values.accuracy) <= 0.05)
        if let rerun = values.rerun {
          #expect(abs(try #require(row.values["rerun_accuracy_percent"]) - rerun) <= 0.05)
        }
      }
    }
  }

  @Test("Towers of several heights end where PyTorch's do")
  func sensitivity() throws {
    let experiment = try Sensitivity(
      heights: [0, 1, 3], numbers: [5, 8, 11, 14], seeds: 1, on: try device())
    let summary = experiment.report(try outcomes(experiment)).summary
    let expected = [
      [13.7, 47.9, 86.5, 91.6], [47.8, 85.0, 89.7, 89.3], [82.6, 88.2, 89.8, 89.4],
    ]
    for (height, accuracies) in zip([0, 1, 3], expected) {
      for (row, accuracy) in zip(summary, accuracies) {
        let own = try #require(row.values["height_\(height)_accuracy_percent"])
        #expect(abs(own - accuracy) < 1, "height \(height), \(row.label)")
      }
    }
  }

  // MARK: Interruptions

  /// Units that each count what came before them.
  private struct Stub: Experiment {
    struct Unit: ExperimentUnit {
      let id: String
      let steps: Int
    }
    struct Outcome: Codable { var sum: Int }
    let name = "stub"
    var settings = ["size": "4"]
    /// The unit that fails.
    var failsAt: String?
    let units = (1...4).map { Unit(id: "unit \($0)", steps: $0) }
    let done: Counter

    final class Counter { var ids: [String] = [] }
    struct Interruption: Error {}

    func run(
      _ unit: Unit, after outcomes: [String: Outcome], advance: (Int) throws -> Void
    ) throws -> Outcome {
      if unit.id == failsAt { throw Interruption() }
      done.ids.append(unit.id)
      return Outcome(sum: outcomes.values.map(\.sum).reduce(unit.steps, +))
    }

    func report(_ outcomes: [String: Outcome]) -> ExperimentReport {
      ExperimentReport(
        title: "Stub", description: "", tables: [], plots: [],
        summary: [SummaryRow("all", ["sum": Double(outcomes["unit 4"]!.sum)])])
    }
  }

  private func run(
    _ stub: Stub, in folder: String, on device: Device = .cpu, restarts: Bool = false
  ) throws {
    try ExperimentRun(
      experiment: stub, device: device, folder: folder, restarts: restarts, isQuiet: true
    ).run()
  }

  /// The results of an experiment without what the clock decides.
  private func timeless(_ path: String) throws -> [String: JSONValue] {
    let text = try Data(contentsOf: URL(filePath: path))
    var members = try #require(try JSONValue(parsing: Array(text), name: path).object)
    #expect(members.removeValue(forKey: "started")?.string != nil)
    #expect(members.removeValue(forKey: "seconds")?.double != nil)
    return members
  }

  @Test("An experiment goes on where it was interrupted, and ends in the same file")
  func resuming() throws {
    try withTemporaryFolder { folder in
      let journal = folder + "/stub.partial.jsonl"
      let done = Stub.Counter()
      try run(Stub(done: done), in: folder)
      let expected = try timeless(folder + "/stub.json")
      #expect(expected["summary"]?.array?[0]["values"]?["sum"]?.int == 15)
      #expect(!FileManager.default.fileExists(atPath: journal))
      #expect(done.ids.count == 4)
      for suffix in ["json", "md"] {
        try FileManager.default.removeItem(atPath: "\(folder)/stub.\(suffix)")
      }

      done.ids = []
      #expect(throws: Stub.Interruption.self) {
        try run(Stub(failsAt: "unit 3", done: done), in: folder)
      }
      #expect(!FileManager.default.fileExists(atPath: folder + "/stub.json"))
      // What a power cut may leave: the beginning of a line.
      let whole = try Data(contentsOf: URL(filePath: journal))
      for rest in ["", #"{"id":"unit 3","outc"#] {
        try (whole + Data(rest.utf8)).write(to: URL(filePath: journal))
        #expect(throws: Stub.Interruption.self) {
          try run(Stub(failsAt: "unit 3", done: done), in: folder)
        }
        #expect(try Data(contentsOf: URL(filePath: journal)) == whole)
      }
      #expect(done.ids == ["unit 1", "unit 2"])
      try run(Stub(done: done), in: folder)
      #expect(done.ids == ["unit 1", "unit 2", "unit 3", "unit 4"])
      #expect(try timeless(folder + "/stub.json") == expected)
      #expect(!FileManager.default.fileExists(atPath: journal))
    }
  }

  @Test("What was begun otherwise, or is damaged, is not gone on with")
  func refusing() throws {
    try withTemporaryFolder { folder in
      let journal = folder + "/stub.partial.jsonl"
      let done = Stub.Counter()
      func interrupt() {
        #expect(throws: Stub.Interruption.self) {
          try run(Stub(failsAt: "unit 3", done: done), in: folder, restarts: true)
        }
      }
      func message(_ body: () throws -> Void) -> String {
        do {
          try body()
          return ""
        } catch {
          return "\(error)"
        }
      }
      interrupt()
      let other = message { try run(Stub(settings: ["size": "5"], done: done), in: folder) }
      #expect(other.contains("begun with size '4', not '5'"), "\(other)")
      #expect(other.contains("--restart"))
      let device = message { try run(Stub(done: done), in: folder, on: .cpu64) }
      #expect(device.contains("begun with device 'cpu: "), "\(device)")

      let lines = try String(decoding: Data(contentsOf: URL(filePath: journal)), as: UTF8.self)
      try Data(lines.replacing("\"sum\":3", with: "\"sum\":x").utf8).write(
        to: URL(filePath: journal))
      let damaged = message { try run(Stub(done: done), in: folder) }
      #expect(damaged.contains("stub.partial.jsonl: line 3 is damaged"), "\(damaged)")
      try Data(lines.replacing("unit 2", with: "unit 9").utf8).write(to: URL(filePath: journal))
      let unknown = message { try run(Stub(done: done), in: folder) }
      #expect(
        unknown.contains("line 3 is of a run that this experiment does not have"), "\(unknown)")

      // Another process at work.
      interrupt()
      var lock = try? FileLock(descriptor: open(journal, O_RDONLY))
      #expect(lock != nil)
      let used = message { try run(Stub(done: done), in: folder) }
      #expect(used.contains("another run is at work"), "\(used)")
      lock = nil

      done.ids = []
      try run(Stub(done: done), in: folder, restarts: true)
      #expect(done.ids.count == 4)
    }
  }

  // MARK: As a user sees it

  @Test("Towers are compared on any data; what is trained is what `train` trains")
  func compare() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = ["--device", "cpu", "--data", folder + "/data", "--batch-size", "16"]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "sgd(0.5)", "--optimizer", "adam(0.01) / adam()",
          "--optimizer", "adam(1e38)", "--optimizer", "sgd_per_parameter(0.1) / adam()", "--out",
          folder + "/a/b", "--seeds", "2", "--epochs", "3",
        ] + common, environment: ["PATH": "/nowhere"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("gnuplot is not installed"))
      #expect(run.errors.contains("apt-get install gnuplot-nox"))
      #expect(run.outputLines.last == "in \(folder)/a/b: compare.md, compare.json")
      for name in ["compare.json", "compare.md", "compare.tsv", "compare.gnuplot"] {
        #expect(FileManager.default.fileExists(atPath: "\(folder)/a/b/\(name)"), "\(name)")
      }
      let json = try timeless(folder + "/a/b/compare.json")
      let outcomes = try #require(json["outcomes"]?.object)
      #expect(outcomes.count == 8)
      let perTensor = try #require(outcomes["sgd_per_parameter(0.1) / adam(0.001), seed 0"])
      #expect(
        perTensor["bottom_hyperparameters"]?.object?.keys.sorted() == [
          "b1_alpha", "b2_alpha", "w1_alpha", "w2_alpha",
        ])
      #expect(try #require(perTensor["bottom_hyperparameters"]?["w1_alpha"]?.double) != 0.1)
      let diverged = try #require(outcomes.first { $0.key.hasPrefix("adam(1e") }?.value)
      #expect(diverged["failure"]?.string?.contains("step 1") == true)
      #expect(diverged["test_accuracy_percent"] == nil)
      #expect(run.output.contains("diverged"))

      for tower in ["sgd(0.5)", "adam(0.01) / adam(0.001)"] {
        let train = try CommandRun(
          [
            "train", "--optimizer", tower, "--epochs", "3", "--seed", "1", "--log",
            folder + "/log", "--quiet",
          ] + common)
        #expect(train.status == 0, "\(train.errors)")
        let log = try Data(contentsOf: URL(filePath: folder + "/log"))
          .split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0, name: "log") }
        let outcome = try #require(outcomes["\(tower), seed 1"])
        let accuracy = try #require(outcome["test_accuracy_percent"]?.double)
        #expect(accuracy == log.last?["test_accuracy_percent"]?.double)
        #expect(outcome["tower"] == log.last?["tower"])
        let losses = try #require(outcome["curve"]?["losses"]?.array).map(\.double)
        #expect(losses == log.dropLast().map { $0["loss"]?.double })
      }
    }
  }

  @Test("Towers are compared with the additions of the default, as `train` has them")
  func compareWithAdditions() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = [
        "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--epochs", "4",
        "--quiet",
      ]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "adam(1) / kesten()", "--first-step", "1e-3",
          "--average", "polynomial", "--out", folder + "/out", "--seeds", "1",
        ] + common)
      #expect(run.status == 0, "\(run.errors)")
      let outcomes = try #require(try timeless(folder + "/out/compare.json")["outcomes"]?.object)
      let outcome = try #require(outcomes["adam(1) / kesten(1), seed 0"])
      let train = try CommandRun(
        [
          "train", "--optimizer", "adam(1) / kesten()", "--first-step", "1e-3", "--average",
          "polynomial", "--save", folder + "/weights",
        ] + common)
      #expect(train.status == 0, "\(train.errors)")
      #expect(train.output.contains(try #require(outcome["tower"]?.string)))
      // What is tested is what is saved: the average.
      let evaluation = try CommandRun([
        "evaluate", "--device", "cpu", "--data", folder + "/data", "--weights",
        folder + "/weights",
      ])
      // Too few steps for saturation, which would hide which weights are tested.
      let loss = try #require(outcome["test_loss"]?.double)
      let printed = try #require(
        evaluation.outputLines.first { $0.hasPrefix("test loss") }?.split(separator: " ").last
          .flatMap { Double($0) })
      #expect(abs(loss - printed) <= 5.1e-5, "\(loss), \(printed)")
      let text = try String(
        decoding: Data(contentsOf: URL(filePath: folder + "/out/compare.md")), as: UTF8.self)
      #expect(text.contains("average polynomial") && text.contains("first step 0.001"))
    }
  }

  @Test("Towers are compared on a text, as `train` learns it")
  func compareOnText() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/text"
      try Data(String(repeating: "to be or not to be, ", count: 30).utf8).write(
        to: URL(filePath: path))
      let common = [
        "--device", "cpu", "--model", "gru", "--text", path, "--width", "4", "--embedding", "3",
        "--layers", "1", "--length", "8", "--batch-size", "4", "--steps", "5", "--no-shuffle",
        "--quiet",
      ]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "adam(0.1)", "--optimizer", "sgd(0.1)", "--seeds",
          "1", "--out", folder + "/out",
        ] + common)
      #expect(run.status == 0, "\(run.errors)")
      let json = try timeless(folder + "/out/compare.json")
      let outcome = try #require(json["outcomes"]?["adam(0.1), seed 0"])
      let loss = try #require(outcome["test_loss"]?.double)
      #expect(
        run.output.contains("perplexity") && run.output.contains(formatted("%.3f", exp(loss))))
      #expect(json["settings"]?["model"]?.string == "gru")
      #expect(json["settings"]?["width"]?.string == "4")
      let train = try CommandRun(
        ["train", "--optimizer", "adam(0.1)", "--log", folder + "/log"] + common)
      #expect(train.status == 0, "\(train.errors)")
      let log = try Data(contentsOf: URL(filePath: folder + "/log"))
        .split(separator: UInt8(ascii: "\n"))
      let last = try JSONValue(parsing: #require(log.last), name: "log")
      #expect(last["validation_loss"]?.double == loss)
    }
  }

  /// Checks that a plot was drawn, if there is something to draw it.
  private func checkImages(_ stem: String, _ run: CommandRun) throws {
    guard hasGnuplot else { return }
    #expect(run.errors.isEmpty)
    let picture = try Data(contentsOf: URL(filePath: stem + ".svg"))
    #expect(String(decoding: picture, as: UTF8.self).contains("</svg>"))
    #expect(try Data(contentsOf: URL(filePath: stem + ".png")).starts(with: [0x89, 0x50, 0x4E]))
  }

  @Test("Every row of the table of 2022 is a tower, and a run of its own")
  func table2022() throws {
    let table = try PaperTable.table2022(seeds: 3, isQuick: false, on: .cpu)
    // Three rules alone at 30 or 5 epochs, AdaGrad at both, and 16 towers with their reruns.
    let ids = table.units.map(\.id)
    #expect(Set(ids).count == ids.count)
    #expect(ids.count == 3 * (5 + 16 * 2))
    // 234 batches of 256 and one of 96.
    #expect(table.units.first?.steps == 30 * 235)
  }

  @Test("A quick run of every experiment writes its files")
  func quickRuns() throws {
    try withTemporaryFolder { out in
      for name in ["surface", "table1", "table2", "sensitivity", "height", "decades"] {
        let run = try CommandRun(
          ["experiment", name, "--quick", "--out", out, "--quiet"])
        #expect(run.status == 0, "\(run.errors)")
        let folder = out + "/quick"
        try checkImages("\(folder)/\(name)", run)
        let text = try String(
          decoding: Data(contentsOf: URL(filePath: "\(folder)/\(name).md")), as: UTF8.self)
        #expect(text.contains("(\(name).svg)") == hasGnuplot)
        #expect(text.contains("these numbers mean nothing"))
        let json = try timeless("\(folder)/\(name).json")
        #expect(json["summary"]?.array?.isEmpty == false)
        #expect(json["version"]?.string == Version.text)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(name).partial.jsonl"))
      }
    }
  }
}

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
        let lines = try String(
          decoding: Data(contentsOf: URL(filePath: out + "/training.tsv")), as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.count == 13)
        #expect(lines[0].hasPrefix("step\tloss\tlevel 0 "))
        let columns = lines[0].split(separator: "\t").count
        #expect(lines.allSatisfy { $0.split(separator: "\t").count == columns })
        if hasGnuplot {
          #expect(run.errors.contains("hypertower: drawn: "), "\(run.errors)")
          let picture = try Data(contentsOf: URL(filePath: out + "/training.svg"))
          #expect(String(decoding: picture, as: UTF8.self).contains("</svg>"))
        }
      }
      let nothing = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--steps",
          "0", "--plot", folder + "/none", "--quiet",
        ])
      #expect(nothing.status == 0)
      #expect(nothing.errors.contains("there is nothing to draw in training"))
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

@Suite("Statistics")
struct StatisticsTests {
  @Test("Means and deviations")
  func means() throws {
    #expect([2.0, 4, 9].mean == 5)
    #expect(try #require([2.0, 4, 9].standardDeviation) == 13.0.squareRoot())
    #expect([5.0].standardDeviation == nil)
  }

  @Test("Runs that diverged are counted, not passed over")
  func seeds() {
    #expect(SeedValues([1, 2, 3]).text("%.1f") == "2.0 ± 1.0")
    #expect(SeedValues([1, nil, 3]).text("%.1f") == "2.0 ± 1.4 (2 of 3)")
    #expect(SeedValues([nil, 3]).text("%.1f") == "3.0 (1 of 2)")
    #expect(SeedValues([nil, nil]).text("%.1f") == "diverged")
    #expect(SeedValues([]).text("%.1f") == "")
  }

  /// Anscombe's first data set, as textbooks and R's `lm` and `confint` have it: y = 3 + 0.5·x, whose
  /// slope has a standard error of 0.1179 and t(9) = 2.2622.
  @Test("A line through points, with the interval of its slope")
  func line() {
    let x: [Double] = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    let fit = LinearFit(zip(x, y).map { (x: $0, y: $1) })
    #expect(abs(fit.slope - 0.5001) < 1e-4)
    #expect(abs(fit.intercept - 3.0001) < 1e-4)
    #expect(abs(fit.slopeInterval - 0.2667) < 1e-4)
  }
}
