import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Outputs")
struct OutputTests {
  /// A run on the small data set in `folder`; `@` in its arguments is that folder.
  private func train(
    _ folder: String, _ arguments: String, hasReaders: Bool = true, closed: [Int32] = []
  ) throws -> CommandRun {
    try CommandRun(
      ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--quiet"]
        + words(of: arguments, in: folder),
      hasReaders: hasReaders, closed: closed)
  }

  private func write(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: String(path[..<path.lastIndex(of: "/")!]), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test(
    "What somebody else wrote stays",
    arguments: [
      ("--save @/weights", "weights"), ("--log @/log", "log"),
      ("--plot @/plots", "plots/training.svg"), ("--plot @/plots", "plots/training.gnuplot"),
      ("--checkpoint @/run", "run/best.safetensors"),
      ("--checkpoint @/run", "run/step-0000000007.safetensors"),
    ])
  func foreignFiles(arguments: String, file: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let path = "\(folder)/\(file)"
      for text in ["{\"step\": 0, \"value\": 1}\n", "somebody's"] {
        try write(text, path)
        let run = try train(folder, "--steps 2 \(arguments)")
        #expect(run.status == 73, "\(run.errors)")
        #expect(run.errors.contains(folder) && run.output.isEmpty)
        #expect(try bytes(path) == Array(text.utf8))
      }
    }
  }

  @Test("What an earlier run wrote is replaced, with a warning; an empty file without one")
  func ownFiles() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for name in ["log", "weights"] { try write("", "\(folder)/\(name)") }
      let outputs = "--save @/weights --log @/log --plot @/plots"
      let first = try train(folder, "--steps 3 \(outputs)")
      #expect(first.status == 0 && !first.errors.contains("replacing"), "\(first.errors)")
      let second = try train(folder, "--steps 2 --seed 1 \(outputs)")
      #expect(second.status == 0, "\(second.errors)")
      for warning in [
        "/weights: replacing the weights of an earlier run",
        "/log: replacing the log of an earlier run",
        "/plots/training.gnuplot: replacing an earlier plot",
      ] {
        #expect(second.errors.contains(folder + warning), "\(second.errors)")
      }
      #expect(try bytes(folder + "/log").split(separator: UInt8(ascii: "\n")).count == 3)
    }
  }

  @Test("Two runs do not write one file or one folder")
  func outputsInUse() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try write("", folder + "/log")
      try write("", folder + "/plots/notes")
      // As another run holds them.
      let held: [Any] = [
        try FileLock(descriptor: open(folder + "/log", O_RDWR)),
        try ReservedFile(folder + "/weights"),
        try FileLock.ofFolder(folder + "/plots", for: "plots"),
      ]
      for output in ["--log @/log", "--save @/weights", "--plot @/plots"] {
        let run = try train(folder, "--steps 2 \(output)")
        #expect(run.status == 73, "\(output): \(run.errors)")
        #expect(run.errors.contains("another run"), "\(run.errors)")
      }
      let experiment = try CommandRun([
        "experiment", "compare", "--device", "cpu", "--data", folder + "/data", "--batch-size",
        "16", "--steps", "2", "--optimizer", "sgd()", "--out", folder + "/plots",
      ])
      #expect(experiment.status == 73, "\(experiment.errors)")
      withExtendedLifetime(held) {}
    }
  }

  @Test("What a killed save left is removed by the next run that writes there, not what is in use")
  func leftovers() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try write("a part", folder + "/.hypertower-abc.tmp")
      let other = try ReservedFile(folder + "/other")
      #expect(try train(folder, "--steps 1 --save @/weights").status == 0)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(!names.contains(".hypertower-abc.tmp"))
      try other.write([1])
      #expect(try bytes(folder + "/other") == [1])
      let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(left == ["data", "other", "weights", "weights.toml"])
    }
  }

  @Test("A log that is truncated while it is written has no holes")
  func rotatedLog() throws {
    try withTemporaryFolder { folder in
      let data = Dataset(
        count: 4, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255]),
        targets: .classes([0, 1, 1, 0], classCount: 2))
      let trainer = try Trainer(
        DenseNetwork(widths: [2, 2]), loss: .negativeLogLikelihood, optimizer: SGD(), on: .cpu)
      var records: [StepRecord] = []
      try trainer.train(on: data, batchSize: 2, steps: 8) { records += $0 }
      let path = folder + "/log"
      var log: TrainingLog? = try TrainingLog(path: path, run: "a run")
      try log?.append(Array(records[..<5]))
      #expect(truncate(path, 0) == 0)
      try log?.append(Array(records[5...]))
      log = nil
      let text = String(decoding: try bytes(path), as: UTF8.self)
      #expect(text.hasPrefix("{\"step\": 5, ") && !text.contains("\0"))
      // A run that goes on keeps what is there of its steps.
      try TrainingLog(path: path, run: "a run", keeping: 7).append([records[7]])
      let lines = String(decoding: try bytes(path), as: UTF8.self).split(separator: "\n")
      #expect(lines.map { $0.prefix(10) } == ["{\"step\": 5", "{\"step\": 6", "{\"step\": 7"])
    }
  }

  @Test("With standard descriptors closed, no message lands in a file")
  func closedDescriptors() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--epochs",
          "2", "--log", folder + "/log", "--save", folder + "/weights",
        ], closed: [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO])
      #expect(run.status == 0)
      for line in try bytes(folder + "/log").split(separator: UInt8(ascii: "\n")) {
        #expect(throws: Never.self) { try JSONValue(parsing: line, name: "log") }
      }
      #expect(throws: Never.self) { try SafetensorsFile(contentsOf: folder + "/weights") }
    }
  }

  @Test("A reader that goes away ends no run")
  func noReaders() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--epochs",
          "2", "--log", "-", "--save", folder + "/weights",
        ], hasReaders: false)
      #expect(run.status == 0)
      #expect(access(folder + "/weights", F_OK) == 0)
    }
  }

  @Test("A hyphen is standard output or an error")
  func hyphen() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--steps 2 --log -")
      #expect(run.status == 0 && run.output.hasPrefix("{\"step\": 0, "))
      for option in ["--save", "--plot", "--checkpoint"] {
        let refused = try train(folder, "--steps 2 \(option) -")
        #expect(refused.status == 64, "\(refused.errors)")
      }
    }
  }

  @Test(
    "Only a terminal that can draw a line again gets escapes",
    arguments: [("xterm", true), ("dumb", false), ("", false)])
  func terminals(name: String, escapes: Bool) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16"],
        terminal: name)
      #expect(run.status == 0)
      #expect(run.errors.contains("step"), "\(run.errors)")
      #expect(run.errors.contains("\u{1B}") == escapes, "\(run.errors)")
    }
  }
}
