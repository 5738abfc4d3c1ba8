import Datasets
import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// The experiments on starts: `cnn2022` and `rnn2022`.
@Suite("Experiments on starts", .serialized)
struct StartsTests {
  private func outcomes(_ path: String) throws -> [String: JSONValue] {
    let text = try Data(contentsOf: URL(filePath: path))
    let json = try JSONValue(parsing: Array(text), name: path)
    return try #require(json["outcomes"]?.object)
  }

  /// What `train` says in the last line of its log.
  private func trained(_ arguments: [String], in folder: String) throws -> JSONValue {
    let run = try CommandRun(
      ["train", "--device", "cpu", "--quiet", "--log", folder + "/log"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    let log = try Data(contentsOf: URL(filePath: folder + "/log"))
    return try JSONValue(
      parsing: #require(log.split(separator: UInt8(ascii: "\n")).last), name: "log")
  }

  @Test("Every start is a run of its own, alone and below a level that tunes it")
  func units() throws {
    let text = try CharacterText(String(repeating: "to be or not to be ", count: 60))
    for experiment in [
      try Starts.cnn2022(
        MNIST.embedded(), dataName: "MNIST", model: .cnn, upper: nil, batchSize: 100, steps: 300,
        seeds: 2, isQuick: false, on: .cpu),
      try Starts.rnn2022(
        text, dataName: "text", upper: nil, batchSize: 4, length: 50, steps: 300, seeds: 2,
        isQuick: false, on: .cpu),
    ] {
      let units = experiment.units
      let starts = experiment.name == "cnn2022" ? 9 : 6
      #expect(experiment.starts.count == starts)
      #expect(Set(units.map(\.id)).count == units.count)
      #expect(units.count == starts * 2 * 2)
      #expect(units.allSatisfy { $0.steps == 300 })
      for start in experiment.starts {
        #expect(start.alone.height == 0 && start.tower.height == 1)
        #expect(start.tower.levels[0].description == start.alone.description)
      }
    }
  }

  @Test("A start is saved, helped or spoiled by what both runs are away from the best")
  func verdicts() {
    func verdict(_ alone: Double, _ tower: Double) -> Starts.Verdict {
      Starts.Verdict(alone: alone, tower: tower, margin: 1)
    }
    #expect(verdict(1, 0) == .good)
    #expect(verdict(0.9, 1.4) == .good)
    #expect(verdict(0.9, 1.5) == .spoils)
    #expect(verdict(1.5, 1) == .no)
    #expect(verdict(1.6, 1) == .saves)
    #expect(verdict(.infinity, 0.5) == .saves)
    #expect(verdict(0, .infinity) == .spoils)
    #expect(verdict(9, 4) == .helps)
    #expect(verdict(.infinity, 80) == .helps)
    #expect(verdict(9, 4.5) == .no)
    #expect(verdict(9, 18) == .no)
    #expect(verdict(.infinity, .infinity) == .no)
    #expect(verdict(9, 18.5) == .harms)
    #expect(verdict(9, .infinity) == .harms)
    #expect(Starts.Metric.accuracy.distance(97, from: 98.5) == 1.5)
    #expect(Starts.Metric.perplexity.distance(7.5, from: 5) == 50)
  }

  @Test("A CNN's runs are those of `train`, and the table judges them")
  func cnn() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 16).write(to: folder + "/data")
      let common = ["--data", folder + "/data", "--batch-size", "10", "--steps", "4"]
      let run = try CommandRun(
        ["experiment", "cnn2022", "--quick", "--device", "cpu", "--out", folder, "--quiet"]
          + common)
      #expect(run.status == 0, "\(run.errors)")
      let outcomes = try outcomes(folder + "/quick/cnn2022.json")
      #expect(outcomes.count == 4)
      let upper = "sgd_per_parameter(alpha_alpha=0.001, momentum_alpha=\(1e-6 / (1 - 0.9)))"
      for tower in ["sgd(0.01, momentum=0.9)", "sgd(1, momentum=0.9) / \(upper)"] {
        let outcome = try #require(
          outcomes["\(try Tower(parsing: tower)), seed 0"], "\(outcomes.keys)")
        let log = try trained(["--model", "cnn", "--optimizer", tower] + common, in: folder)
        #expect(outcome["test_accuracy_percent"]?.double == log["test_accuracy_percent"]?.double)
        #expect(outcome["tower"] == log["tower"])
      }
      let text = try String(
        decoding: Data(contentsOf: URL(filePath: folder + "/quick/cnn2022.md")), as: UTF8.self)
      #expect(text.contains("\n| α 0.01, μ 0.9 | "), "\(text)")
      #expect(text.contains("these numbers mean nothing"))
    }
  }

  @Test("The table of LSTMs has their perplexities, with any tower above them")
  func rnn() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/text"
      let text = String(repeating: "to be or not to be, ", count: 60)
      try Data(text.utf8).write(to: URL(filePath: path))
      let run = try CommandRun([
        "experiment", "rnn2022", "--quick", "--device", "cpu", "--text", path, "--batch-size", "2",
        "--steps", "2", "--upper", "kesten()", "--out", folder, "--quiet",
      ])
      #expect(run.status == 0, "\(run.errors)")
      let outcomes = try outcomes(folder + "/quick/rnn2022.json")
      #expect(outcomes.count == 4)
      let outcome = try #require(outcomes["adam(0.01) / kesten(1), seed 0"], "\(outcomes.keys)")
      let loss = try #require(outcome["test_loss"]?.double)
      let table = run.output
      #expect(table.contains(formatted("%.3f", exp(loss))), "\(table)")
      let another = try CommandRun([
        "experiment", "rnn2022", "--text", folder, "--quick", "--out", folder,
      ])
      #expect(another.status == 66, "\(another.errors)")
    }
  }

  @Test(
    "What cannot be run is refused before anything is written",
    arguments: [
      (["rnn2022"], "rnn2022 needs a text to learn: give one by --text FILE"),
      (["cnn2022", "--model", "dense"], "'dense' is no model of this experiment"),
      (["cnn2022", "--steps", "0"], "--steps 0 is out of range"),
      (["cnn2022", "--batch-size", "0"], "--batch-size 0 is out of range"),
      (["cnn2022", "--quick", "--upper", "sdg()"], "sdg"),
    ])
  func refusals(_ arguments: [String], _ message: String) throws {
    try withTemporaryFolder { folder in
      let run = try CommandRun(
        ["experiment"] + arguments + ["--device", "cpu", "--out", folder + "/out"])
      #expect(run.status == 64)
      #expect(run.errors.contains(message), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
    }
  }
}
