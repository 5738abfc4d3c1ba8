import FoundationEssentials
import Glibc
import Hypertower
import OpenCL
import Testing

@testable import HypertowerCommand

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

  @Test("An experiment goes on where it was interrupted, and ends in the same file")
  func resuming() throws {
    try withTemporaryFolder { folder in
      let journal = folder + "/stub.partial.jsonl"
      let done = Stub.Counter()
      try run(Stub(done: done), in: folder)
      let expected = try timelessResults(folder + "/stub.json")
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
      #expect(try timelessResults(folder + "/stub.json") == expected)
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
        let json = try timelessResults("\(folder)/\(name).json")
        #expect(json["summary"]?.array?.isEmpty == false)
        #expect(json["version"]?.string == Version.text)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(name).partial.jsonl"))
      }
    }
  }
}
