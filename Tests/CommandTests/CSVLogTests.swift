import Datasets
import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Logs of comma-separated values")
struct CSVLogTests {
  /// The cells of a file without line breaks in cells.
  private func rows(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { line in
      var (cells, isQuoted) = ([""], false)
      for character in line {
        if character == "\"" {
          isQuoted.toggle()
        } else if character == ",", !isQuoted {
          cells.append("")
        } else {
          cells[cells.count - 1].append(character)
        }
      }
      return cells
    }
  }

  private static let settings =
    "--data @/data --batch-size 16 --optimizer sgd_per_parameter(0.01,~w1_alpha=0.02)~/~adam() --seed 7"

  @Test(
    "A log is known by its header, also by that of an earlier version",
    arguments: [
      ("level_0.alpha,steps,seconds,device,schedules,tower,error,interrupted,run\n1", true),
      ("w.level_0.alpha,steps,seconds,device,schedules,tower,error,interrupted\n", true),
      ("accuracy\n1,2,3\n", false),
      ("seconds,device,schedules,tower,error,interrupted", false),
      ("level_0.alpha,steps,seconds\n", false), ("", false),
    ])
  func header(names: String, isLog: Bool) {
    #expect(LogFormat.beginsLog(Array("step,loss,\(names)".utf8)) == isLog)
  }

  @Test(
    "A log of JSON is known by the members of its first line",
    arguments: [
      (#"{"step": 0, "loss": 1.5, "hyperparameters": []}"#, true),
      (#"{"step": 0, "loss": null, "groups": {}, "run": "a"}"#, true),
      (#"{"test_accuracy_percent": 9, "steps": 4, "tower": "sgd(1)"}"#, true),
      (#"{"interrupted": "SIGINT", "steps": 4}"#, true),
      (#"{"step": 0, "hyperparameters": []}"#, false),
      (#"{"step": 0, "loss": 1, "hyperparameters": [], "mine": true}"#, false),
      (#"{"steps": 100, "error": 0.231}"#, false), (#"{"steps": 100}"#, false), ("[]", false),
    ])
  func firstLine(_ line: String, isLog: Bool) {
    #expect(LogFormat.beginsLog(Array("\(line)\n{}\n".utf8)) == isLog)
  }

  @Test("It has what a log of JSON has, in columns that stay")
  func contents() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for name in ["a.csv", "b.jsonl"] {
        let run = try train(folder, "\(Self.settings) --steps 11 --log @/\(name)")
        #expect(run.status == 0, "\(run.errors)")
      }
      let rows = rows(try text(folder + "/a.csv"))
      let lines = try text(folder + "/b.jsonl").split(separator: "\n").map {
        try JSONValue(parsing: Array($0.utf8)[...], name: "log")
      }
      #expect(rows.count == 13 && lines.count == 12)
      let header = rows[0]
      #expect(
        header == [
          "step", "loss", "level_0.w1_alpha", "level_0.b1_alpha", "level_0.w2_alpha",
          "level_0.b2_alpha", "level_1.alpha", "level_1.beta1", "level_1.beta2", "level_1.eps",
          "test_accuracy_percent", "steps", "seconds", "device", "schedules", "tower", "error",
          "interrupted", "run",
        ])
      #expect(rows.allSatisfy { $0.count == header.count })
      for (row, line) in zip(rows.dropFirst(), lines) {
        for (name, cell) in zip(header, row) where !["seconds", "run"].contains(name) {
          let parts = name.split(separator: ".").map(String.init)
          let level = Int(parts[0].dropFirst("level_".count))
          let value =
            level.flatMap { line["hyperparameters"]?.array?[$0][parts[1]] } ?? line[name]
          if let number = value?.double {
            #expect(Double(cell) == number, "\(name)")
          } else {
            #expect(cell == value?.string ?? "", "\(name)")
          }
        }
      }
      #expect(
        rows.map { $0.last! }.filter { $0.isEmpty }.count == 10 && rows[1].last == rows[12].last)
      #expect(rows.last![header.firstIndex(of: "tower")!].hasPrefix("sgd_per_parameter("))
    }
  }

  @Test("A resumed run goes on in its own, and in no other")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      #expect(try train(folder, "\(Self.settings) --steps 23 --log @/whole.csv").status == 0)
      let begun = try train(
        folder,
        "\(Self.settings) --steps 12 --log @/log.csv --checkpoint @/run --checkpoint-every 5")
      #expect(begun.status == 0, "\(begun.errors)")
      try FileManager.default.removeItem(atPath: folder + "/run/step-0000000012.safetensors")
      let own = try text(folder + "/log.csv")
      let resume = "--resume @/run --steps 23 --log"
      var lines = own.split(separator: "\n", omittingEmptySubsequences: false)
      lines[10] = Substring(lines[10].replacing(",0.", with: ",1."))
      for (name, contents, message) in [
        ("other.csv", lines.joined(separator: "\n"), "line of step 9 is not what this run wrote"),
        ("columns.csv", own.replacing("w1_alpha", with: "w_alpha"), "has other columns"),
        (
          "short.csv", own.split(separator: "\n")[..<7].joined(separator: "\n") + "\n", "ends after"
        ),
        ("log.jsonl", own, "has comma-separated values"),
        ("mine.csv", "a,b\n1,2\n", "was not written by"),
      ] {
        try Data(contents.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        let run = try train(folder, "\(resume) @/\(name)")
        #expect(run.status == 73 && run.errors.contains(message), "\(name): \(run.errors)")
        #expect(try text("\(folder)/\(name)") == contents)
      }
      let resumed = try train(folder, "\(resume) @/log.csv")
      #expect(resumed.status == 0, "\(resumed.errors)")
      let steps = try stepLines(folder + "/log.csv")
      #expect(try steps == stepLines(folder + "/whole.csv"))
      #expect(steps.count == 24)
    }
  }

  @Test("A log that is truncated or brought back keeps its columns")
  func truncation() throws {
    try withTemporaryFolder { folder in
      let data = Dataset(
        count: 4, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255]),
        targets: .classes([0, 1, 1, 0], classCount: 2))
      let trainer = try Trainer(
        DenseNetwork(widths: [2, 2]), loss: .negativeLogLikelihood, optimizer: SGD(), on: .cpu)
      let path = folder + "/log.CSV"
      let log = try TrainingLog(
        path: path,
        format: LogFormat(path: path, names: trainer.hyperparameterNames, measures: []),
        run: "a run")
      try trainer.train(on: data, batchSize: 2, steps: 6) { try log.append($0) }
      try log.rewind(to: 4)
      func steps() throws -> [Substring] {
        try text(path).split(separator: "\n").map { $0.prefix { $0 != "," } }
      }
      #expect(try steps() == ["step", "0", "1", "2", "3"])
      #expect(truncate(path, 0) == 0)
      try trainer.train(on: data, batchSize: 2, steps: 2) { try log.append($0) }
      #expect(try steps() == ["step", "6", "7"])
    }
  }

  @Test("Cells with ends of lines of any kind are quoted")
  func quotes() throws {
    #expect("a\r\nb".csvCell == "\"a\r\nb\"" && "a\nb".csvCell == "\"a\nb\"")
    #expect("a \"b\"".csvCell == "\"a \"\"b\"\"\"" && "a b".csvCell == "a b")
    // A mark after a comma or a quotation mark.
    #expect("a,\u{301}b".csvCell == "\"a,\u{301}b\"")
    #expect("\"\u{301}b".csvCell == "\"\"\"\u{301}b\"")
    let text = PredictionText(
      outputs: .classes(2), encoding: SampleEncoding(classCount: 2, classNames: ["a\r\nb", "c"]),
      source: "weights", files: nil)
    #expect(text.header == "class,\"a\r\nb\",c")
    #expect(try text.line([1, 0], 0).hasPrefix("\"a\r\nb\",0."))
  }
}
