import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// Logs that a run goes on with.
@Suite("Logs of resumed and restored runs")
struct TrainingLogTests {
  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  private func train(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(
      ["train", "--device", "cpu", "--quiet"]
        + arguments.split(separator: " ").map { String($0).replacing("@", with: folder) })
  }

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
      let logs: [(contents: [UInt8], message: String)] = [
        (try bytes(folder + "/log2"), "the line of step 9 is not what this run wrote"),
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

  @Test("A log that was renamed is rewound itself, and not the file of its name")
  func rotatedByRename() throws {
    try withTemporaryFolder { folder in
      let records = try records(8)
      let path = folder + "/log"
      let log = try TrainingLog(path: path)
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
