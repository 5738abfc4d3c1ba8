import FoundationEssentials
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Early stopping and best weights")
struct BestWeightsTests {
  /// The run that is cut off in these tests: a learning rate so high that the accuracy goes up and down.
  private static let settings =
    "--data @/data --batch-size 8 --validation 0.4 --optimizer sgd(6) --seed 3 --evaluate-every 2"

  /// The accuracy after every second of so many steps, as runs of these lengths have it.
  private func accuracies(_ folder: String, steps: Int) throws -> [Double] {
    try stride(from: 2, through: steps, by: 2).map { count in
      let run = try train(
        folder,
        "\(Self.settings) --steps \(count) --log @/log".replacing(" --evaluate-every 2", with: ""))
      #expect(run.status == 0, "\(run.errors)")
      let last = try bytes(folder + "/log").split(separator: UInt8(ascii: "\n")).last!
      return try #require(
        JSONValue(parsing: last, name: "log")["validation_accuracy_percent"]?.double)
    }
  }

  @Test("A run ends when its accuracy has not grown for so long, and its best weights are kept")
  func stopping() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 4).write(to: folder + "/data")
      let accuracies = try accuracies(folder, steps: 30)
      for patience in [1, 3] {
        var (best, stale, end) = (0, 0, accuracies.count)
        for (number, accuracy) in accuracies.enumerated().dropFirst() {
          stale = accuracy > accuracies[best] ? 0 : stale + 1
          if stale == 0 { best = number }
          if stale == patience {
            end = number + 1
            break
          }
        }
        let run = try train(
          folder,
          "\(Self.settings) --steps 30 --early-stopping \(patience) --save-best @/best\(patience) --save @/last"
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(end < accuracies.count, "the run of this test does not end early: \(accuracies)")
        #expect(run.errors.contains("stopping after step \(2 * end): the validation accuracy"))
        #expect(
          run.output.contains(
            "best validation accuracy \(formatted("%.2f", accuracies[best])) %, after step \(2 * (best + 1)): "
          ), "\(run.output)")
        // The weights are those of a run of that length.
        let short = try train(
          folder, "\(Self.settings) --save-best @/other --steps \(2 * (best + 1)) --save @/short")
        #expect(short.status == 0, "\(short.errors)")
        let kept = try SafetensorsFile(bytes: try bytes("\(folder)/best\(patience)"), name: "best")
        let wanted = try SafetensorsFile(bytes: try bytes("\(folder)/short"), name: "short")
        #expect(kept.entries.map { $0.floats() } == wanted.entries.map { $0.floats() })
        #expect(kept.metadata["step"] == "\(2 * (best + 1))")
      }
    }
  }

  @Test("A run that is cut off and resumed ends where it would have without a break")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 4).write(to: folder + "/data")
      let common = "\(Self.settings) --early-stopping 3"
      let whole = try train(
        folder,
        "\(common) --steps 30 --save-best @/whole --save @/whole.last --checkpoint @/whole.run")
      let stop = try #require(whole.errors.split(separator: "\n").first { $0.contains("stopping") })
      let steps = try #require(Int(stop.split(separator: " ")[4].dropLast()))
      let best = try #require(Int(metadata(folder + "/whole")["step"] ?? ""))
      // Before, at and between evaluations.
      for cut in [1, 2, 5, steps - 1] {
        let run = "run\(cut)"
        let begun = try train(
          folder,
          "\(common) --steps 30 --save-best @/best --checkpoint @/\(run) --checkpoint-every \(cut) "
            + "--checkpoint-keep 100")
        #expect(begun.status == 0, "\(begun.errors)")
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(run)").sorted()
        where name.hasPrefix("step-") && Int(name.dropFirst(5).prefix(10))! > cut {
          try FileManager.default.removeItem(atPath: "\(folder)/\(run)/\(name)")
        }
        if cut < best { try FileManager.default.removeItem(atPath: folder + "/best") }
        let resumed = try train(
          folder, "--resume @/\(run) --save-best @/best --save @/last")
        #expect(resumed.errors.contains(stop), "after \(cut): \(resumed.errors)")
        let (own, wanted) = (try file(folder + "/best"), try file(folder + "/whole"))
        #expect(own.entries.map { $0.floats() } == wanted.entries.map { $0.floats() })
        // Except for the name of the run, they say the same.
        #expect(
          own.metadata.filter { $0.key != "run" } == wanted.metadata.filter { $0.key != "run" })
        let settings = try ResolvedSettings.Contents("\(folder)/\(run)/settings.toml")
        #expect(own.metadata["run"] == settings.run && wanted.metadata["run"] != settings.run)
        #expect(try bytes(folder + "/last") == bytes(folder + "/whole.last"))
      }
      // Nothing is left to do, unless there is more patience.
      let again = try train(folder, "--resume @/run1 --save @/last")
      #expect(again.errors.contains(stop), "\(again.errors)")
      #expect(again.errors.contains("nothing is left to do; give --early-stopping more patience"))
      #expect(try bytes(folder + "/last") == bytes(folder + "/whole.last"))
      let longer = try train(folder, "--resume @/run1 --early-stopping 1000")
      #expect(longer.status == 0 && !longer.errors.contains("stopping"), "\(longer.errors)")
    }
  }

  private func file(_ path: String) throws -> SafetensorsFile {
    try SafetensorsFile(bytes: try bytes(path), name: path)
  }

  private func metadata(_ path: String) throws -> [String: String] { try file(path).metadata }

  @Test("A resumed run goes on from the file's weights, and tells what the file has")
  func files() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 4).write(to: folder + "/data")
      func expect(_ arguments: String, saysOf name: String) throws -> Double {
        let run = try train(folder, arguments)
        #expect(run.status == 0, "\(run.errors)")
        let known = try metadata("\(folder)/\(name)")
        #expect(
          run.output.contains(", after step \(known["step"] ?? ""): \(folder)/\(name)"),
          "\(known) \(run.output)")
        return try #require(Double(known["best_validation_accuracy_percent"] ?? ""))
      }
      // The run without the option knows of no best weights.
      let before = try expect(
        "\(Self.settings) --steps 12 --save-best @/a --checkpoint @/run", saysOf: "a")
      #expect(try train(folder, "--resume @/run --steps 14").status == 0)
      let after = try expect("--resume @/run --steps 16 --save-best @/a", saysOf: "a")
      #expect(after >= before)
      // A file that begins later has the best since then.
      #expect(
        try train(folder, "\(Self.settings) --steps 12 --early-stopping 30 --checkpoint @/late")
          .status == 0)
      _ = try expect("--resume @/late --steps 16 --save-best @/b", saysOf: "b")
      // Another run's, be it one of the same settings.
      for (seed, steps) in [(3, 18), (4, 20)] {
        let other = try train(
          folder,
          "\(Self.settings) --steps 4 --save-best @/c --checkpoint @/seed\(steps)".replacing(
            "--seed 3", with: "--seed \(seed)"))
        #expect(other.status == 0, "\(other.errors)")
        let replacing = try train(folder, "--resume @/late --steps \(steps) --save-best @/c")
        #expect(
          replacing.errors.contains("replacing the weights of another run"), "\(replacing.errors)")
      }
    }
  }

  @Test("What cannot be measured or written is refused")
  func refusals() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try SmallDataset().write(to: folder + "/untested")
      for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/untested")
      where name.hasPrefix("t10k") {
        try FileManager.default.removeItem(atPath: "\(folder)/untested/\(name)")
      }
      try Data("mine".utf8).write(to: URL(filePath: folder + "/mine"))
      let cases: [(arguments: String, status: Int32, message: String)] = [
        (
          "--data @/data --early-stopping 3", 64,
          "hold some of the training data back by --validation"
        ),
        ("--data @/data --early-stopping 0", 64, "--early-stopping 0 is out of range"),
        ("--data @/untested --save-best @/best", 64, "--save-best has no samples"),
        ("--data @/data --save-best @/mine", 73, "was not written by"),
        (
          "--data @/data --save-best @/x --save @/x", 64,
          "--save and --save-best name the same file"
        ),
        ("--data @/data --save-best -", 64, "--save-best - is not possible"),
      ]
      for (arguments, status, message) in cases {
        let run = try train(folder, "--batch-size 8 --steps 2 \(arguments)")
        #expect(run.status == status && run.errors.contains(message), "\(arguments): \(run.errors)")
      }
    }
  }
}
