import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Lists of runs")
struct RunsTests {
  private func json(_ folder: String) throws -> JSONValue {
    let run = try CommandRun(["runs", "--json", folder])
    #expect(run.status == 0, "\(run.errors)")
    return try JSONValue(parsing: run.output.utf8, name: "runs")
  }

  @Test("A row tells of a run what all its files tell")
  func rows() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 12).write(to: folder + "/data")
      let data = "--data @/data --batch-size 16"
      try FileManager.default.createDirectory(
        atPath: folder + "/runs/deep", withIntermediateDirectories: true)
      for (arguments, status) in [
        ("--epochs 3 --log @/runs/a.jsonl --checkpoint @/runs/a --checkpoint-every 4", 0),
        ("--steps 6 --optimizer sgd(0.5) --log @/runs/deep/b.csv", 0),
        ("--steps 50 --optimizer adam(1e38) --log @/runs/c.jsonl", 3),
        ("--epochs 2 --model cnn --channels 2,2 --kernel 3 --checkpoint @/runs/d", 0),
        ("--steps 5 --save @/runs/e", 0), ("--steps 9 --log @/runs/f.csv", 0),
      ] as [(String, Int32)] {
        let run = try train(folder, "\(data) \(arguments)")
        #expect(run.status == status, "\(run.errors)")
      }
      // Cut off in the middle of a line, as a run that is killed leaves it.
      let whole = try text(folder + "/runs/f.csv").split(separator: "\n")
      let left = whole[..<5].joined(separator: "\n") + "\n4,0."
      try Data(left.utf8).write(to: URL(filePath: folder + "/runs/f.csv"))
      // An older copy says less than the log itself.
      let copy = try text(folder + "/runs/a.jsonl").split(separator: "\n")[..<7]
      try Data((copy.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(filePath: folder + "/runs/deep/copy.jsonl"))

      let listed = try json(folder + "/runs")
      let runs = try #require(listed["runs"]?.array)
      #expect(listed["faults"]?.array?.isEmpty == true)
      func paths(_ run: JSONValue) -> [String] {
        (run["files"]?.array ?? []).compactMap { path in
          path.string.map { String($0.dropFirst(folder.count + "/runs/".count)) }
        }
      }
      #expect(
        runs.map(paths) == [
          ["a", "a/settings.toml", "a.jsonl", "deep/copy.jsonl"],
          ["c.jsonl", "c.jsonl.toml"], ["d", "d/settings.toml"],
          ["deep/b.csv", "deep/b.csv.toml"], ["e.toml"], ["f.csv", "f.csv.toml"],
        ])
      #expect(
        runs.map { $0["state"]?.string } == [
          "finished", "diverged", "finished", "finished", nil, "unfinished",
        ])
      #expect(runs.map { $0["steps"]?.int } == [12, 1, 8, 6, nil, 4])
      #expect(
        runs.map { $0["planned_steps"]?.int } == [12, 50, 8, 6, 5, 9])
      #expect(runs.map { $0["epochs"]?.double } == [3, 0.25, 2, 1.5, nil, 1])
      #expect(
        runs.map { $0["model"]?.string } == ["dense", "dense", "cnn", "dense", "dense", "dense"])
      let losses = try text(folder + "/runs/a.jsonl").split(separator: "\n").dropLast().map {
        try #require(try JSONValue(parsing: $0.utf8, name: "log")["loss"]?.double)
      }
      #expect(runs[0]["last_loss"]?.double == losses.last)
      #expect(runs[0]["least_loss"]?.double == losses.min())
      let accuracy = try #require(runs[0]["result"]?["test_accuracy_percent"]?.double)
      let best = try #require(runs[0]["best"]?["test_accuracy_percent"]?.double)
      #expect(best >= accuracy && runs[0]["best"]?["step"]?.int.map { $0 % 4 } == 0)
      #expect(runs[0]["tower"]?.string?.hasPrefix("adam(") == true)
      #expect(runs[3]["tower"]?.string == "sgd(0.5)" && runs[3]["seconds"]?.double != nil)

      let table = try CommandRun(["runs", folder + "/runs"]).outputLines
      #expect(table.count == 7 && table[0].hasPrefix("run ") && table[1].hasPrefix("a  "))
      #expect(table[1].contains("test accuracy \(formatted("%.2f", accuracy)) %"))
      #expect(
        table.dropFirst().map { $0.split(separator: " ").last } == [
          "finished", "diverged", "finished", "finished", "–", "unfinished",
        ])
    }
  }

  @Test("A run that has stopped early is finished, by its checkpoints, too")
  func stopped() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder,
        "--data @/data --batch-size 8 --validation 0.4 --optimizer sgd(0) --first-step none --average none "
          + "--evaluate-every 2 --early-stopping 2 --epochs 9 --checkpoint @/run")
      #expect(run.status == 0 && run.errors.contains("stopping after step 6"), "\(run.errors)")
      let own = try #require(try json(folder)["runs"]?.array?.first)
      #expect(own["steps"]?.int == 6 && own["state"]?.string == "finished")
    }
  }

  @Test("A run that goes on without its log has come as far as its checkpoint says")
  func olderLogs() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder, "--data @/data --batch-size 16 --steps 6 --checkpoint @/run --log @/log.jsonl")
      #expect(run.status == 0, "\(run.errors)")
      // As if it was interrupted before.
      let lines = try text(folder + "/log.jsonl").split(separator: "\n")
      let log = lines[..<4] + ["{\"interrupted\": \"SIGINT\", \"steps\": 4}"]
      try Data((log.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(filePath: folder + "/log.jsonl"))
      let own = try #require(try json(folder)["runs"]?.array?.first)
      #expect(own["steps"]?.int == 6 && own["state"]?.string == "finished", "\(own)")
      #expect(own["last_loss"]?.double == nil && own["least_loss"]?.double == nil)
    }
  }

  @Test(
    "A log of more steps than can be counted is damaged",
    arguments: ["step,loss,", "{\"step\": "])
  func impossibleStep(beginning: String) throws {
    try withTemporaryFolder { folder in
      let header = "level_0.alpha,steps,seconds,device,schedules,tower,error,interrupted,run\n"
      let (name, lines) =
        beginning.hasPrefix("{")
        ? ("log", "\(beginning)9223372036854775807, \"loss\": 1.0, \"hyperparameters\": []}\n")
        : ("log.csv", "\(beginning)\(header)9223372036854775807,1.0,0.1,,,,,,,,\n")
      try Data(lines.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
      let faults = try #require(try json(folder)["faults"]?.array?.compactMap(\.string))
      #expect(faults.count == 1 && faults[0].contains("is neither a step nor"), "\(faults)")
    }
  }

  @Test(
    "A log that ends after more steps than can be counted is damaged",
    arguments: ["1e300", "-0.5", "1e18"])
  func impossibleCount(steps: String) throws {
    try withTemporaryFolder { folder in
      let lines =
        "{\"step\": 0, \"loss\": 1.0, \"hyperparameters\": []}\n{\"steps\": \(steps), \"tower\": \"sgd(1)\"}\n"
      try Data(lines.utf8).write(to: URL(filePath: folder + "/log"))
      let faults = try #require(try json(folder)["faults"]?.array?.compactMap(\.string))
      #expect(faults.count == 1 && faults[0].hasPrefix("\(folder)/log:2: is neither a step nor"))
    }
  }

  @Test("What is broken is named, and the rest is listed")
  func broken() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for name in ["a", "b", "c"] {
        let run = try train(
          folder,
          "--data @/data --batch-size 16 --steps 4 --checkpoint @/runs/\(name) --checkpoint-every 2 --log @/runs/\(name)/log"
        )
        #expect(run.status == 0, "\(run.errors)")
      }
      let checkpoint = folder + "/runs/a/step-0000000004.safetensors"
      var contents = try bytes(checkpoint)
      contents[contents.count - 1] ^= 1
      try Data(contents).write(to: URL(filePath: checkpoint))
      var lines = try text(folder + "/runs/b/log").split(separator: "\n")
      lines[1] = "{\"step\": 1, \"loss\": 0."
      try Data((lines.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(filePath: folder + "/runs/b/log"))
      let settings = folder + "/runs/c/settings.toml"
      try Data((try text(settings) + "seed = \n").utf8).write(to: URL(filePath: settings))
      let run = try CommandRun(["runs", folder + "/runs"])
      #expect(run.status == 0)
      #expect(run.outputLines.count == 4, "\(run.output)")
      #expect(run.errors.contains("step-0000000004.safetensors"), "\(run.errors)")
      #expect(run.outputLines.dropFirst().allSatisfy { $0.contains("dense") }, "\(run.output)")
      #expect(run.errors.contains("b/log:2: is neither a step nor the end of a run"))
      #expect(run.errors.contains("c/settings.toml:"))
      #expect(run.errors.split(separator: "\n").count == 3)
      #expect(try json(folder + "/runs")["faults"]?.array?.count == 3)
      let missing = try CommandRun(["runs", folder + "/nowhere"])
      #expect(missing.status == 66 && missing.errors.contains("nowhere"))
      let empty = try CommandRun(["runs", folder + "/data"])
      #expect(empty.status == 0 && empty.output.contains("no files of runs in"))
    }
  }
}
