import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// Logs that a run goes on with.
@Suite("Logs of resumed and restored runs")
struct TrainingLogTests {
  private func records(_ count: Int) throws -> [StepRecord] {
    let data = Dataset(
      count: 4, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255]),
      targets: .classes([0, 1, 1, 0], classCount: 2))
    let trainer = try Trainer(
      DenseNetwork(widths: [2, 2]), loss: .negativeLogLikelihood, optimizer: SGD(), on: .cpu)
    var records: [StepRecord] = []
    try trainer.train(on: data, batchSize: 2, steps: count) { records += $0 }
    return records
  }

  @Test("A log that is not the run's stays as it is")
  func ownership() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --checkpoint-every 10"
      for seed in [1, 2] {
        let run = try train(
          folder,
          "\(common) --seed \(seed) --steps \(10 * seed) --checkpoint @/run\(seed) --log @/log\(seed)"
        )
        #expect(run.status == 0, "\(run.errors)")
      }
      let own = try bytes(folder + "/log1")
      let newline = UInt8(ascii: "\n")
      func first(_ count: Int) -> [UInt8] {
        Array(own.split(separator: newline)[..<count].joined(separator: [newline])) + [newline]
      }
      /// The log with another loss of step 9.
      func changed(_ log: [UInt8]) throws -> [UInt8] {
        let beginning = "{\"step\": 9, \"loss\": "
        return Array(
          String(decoding: log, as: UTF8.self)
            .replacing(beginning, with: beginning + "1").utf8)
      }
      let logs: [(contents: [UInt8], message: String)] = [
        (try bytes(folder + "/log2"), "is the log of the run "),
        (try changed(own), "the line of step 9 is not what this run wrote"),
        (first(7), "the log ends after step 7, the checkpoint is of step 10"),
        (first(7) + Array("{\"step\": 7, ".utf8), "the log ends after step 7"),
        (first(3) + first(10), "line 4 is of step 0, expected 3"),
        (Array("{\"step\": 0, \"value\": 1}\n".utf8), "was not written by"),
        (Array("somebody's".utf8), "was not written by"),
        (
          Array(
            try bytes(folder + "/log2").split(separator: newline)[12...].joined(separator: [newline]
            )), "begins after the checkpoint"
        ),
      ]
      for (contents, message) in logs {
        try Data(contents).write(to: URL(filePath: folder + "/log"))
        let run = try train(folder, "--resume @/run1 --steps 12 --log @/log")
        #expect(run.status == 73, "\(message): \(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(try bytes(folder + "/log") == contents, "\(message)")
      }
      #expect(try train(folder, "--resume @/run1 --steps 12 --log @/log1").status == 0)
      // Of a run that was not interrupted, and on.
      #expect(try train(folder, "--resume @/run1 --steps 15 --log @/log1").status == 0)
      #expect(try bytes(folder + "/log1").split(separator: newline).count == 16)
    }
  }

  @Test(
    "The log of another run with the same settings stays as it is", arguments: ["log", "log.csv"])
  func namesakes(_ name: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --checkpoint-every 10"
      for (number, steps) in [(1, 10), (2, 20)] {
        let run = try train(
          folder,
          "\(common) --steps \(steps) --checkpoint @/run\(number) --log @/\(number)\(name) --tensorboard @/t\(number)"
        )
        #expect(run.status == 0, "\(run.errors)")
      }
      let other = try bytes(folder + "/2" + name)
      let refused = try train(folder, "--resume @/run1 --steps 12 --log @/2\(name)")
      #expect(refused.status == 73 && refused.errors.contains("is the log of the run "))
      #expect(try bytes(folder + "/2" + name) == other)
      let events = try train(folder, "--resume @/run1 --steps 12 --tensorboard @/t2")
      #expect(
        events.status == 73 && events.errors.contains("is not of this run"), "\(events.errors)")
      let own = try train(
        folder, "--resume @/run1 --steps 12 --log @/1\(name) --tensorboard @/t1")
      #expect(own.status == 0, "\(own.errors)")
      #expect(
        try text(folder + "/1" + name).split(separator: "\n").count == (name == "log" ? 13 : 14))
    }
  }

  @Test("A log that an earlier version began, without a name, is known by its lines")
  func nameless() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder, "--data @/data --batch-size 16 --steps 5 --checkpoint @/run --log @/log")
      #expect(run.status == 0, "\(run.errors)")
      let log = try text(folder + "/log")
      let lines = log.replacing(/, "run": "[0-9a-f]{16}"/, with: "")
      #expect(lines.utf8.count == log.utf8.count - 2 * ", \"run\": \"0123456789abcdef\"".utf8.count)
      try Data(lines.utf8).write(to: URL(filePath: folder + "/log"))
      let resumed = try train(folder, "--resume @/run --steps 7 --log @/log")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try text(folder + "/log").split(separator: "\n").count == 8)
    }
  }

  @Test("A log that was renamed is rewound itself, and not the file of its name")
  func rotatedByRename() throws {
    try withTemporaryFolder { folder in
      let records = try records(8)
      let path = folder + "/log"
      let log = try TrainingLog(path: path, run: "a run")
      try log.append(Array(records[..<6]))
      #expect(rename(path, path + ".1") == 0)
      try Data("{\"step\": 4, new".utf8).write(to: URL(filePath: path))
      try log.rewind(to: 5)
      try log.append(Array(records[5...]))
      let lines = try bytes(path + ".1").split(separator: UInt8(ascii: "\n"))
      #expect(
        lines.map { StepLine.step(of: $0) } == [0, 1, 2, 3, 4, 5, 6, 7])
      #expect(try bytes(path) == Array("{\"step\": 4, new".utf8))
    }
  }
}
