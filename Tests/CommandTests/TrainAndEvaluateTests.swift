import FoundationEssentials
import Hypertower
import Testing

@Suite("Training and evaluating from the command line")
struct TrainAndEvaluateTests {
  /// A run on a small data set that lies in `folder`.
  private func train(
    _ folder: String, _ arguments: String, environment: [String: String] = [:]
  ) throws -> CommandRun {
    let own = words(of: arguments, in: folder)
    return try CommandRun(
      ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16"] + own,
      environment: environment)
  }

  private func lines(_ path: String) throws -> [JSONValue] {
    let text = try Data(contentsOf: URL(filePath: path))
    #expect(text.last == UInt8(ascii: "\n"))
    return try text.split(separator: UInt8(ascii: "\n")).map {
      try JSONValue(parsing: $0, name: path)
    }
  }

  @Test("The log has a line for every step, and one of what it came to")
  func log() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let tower = "adam(0.01)~/~sgd_per_parameter(0.001)~/~sgd(0.1,momentum=0.5)"
      let run = try train(folder, "--epochs 2 --optimizer \(tower) --log @/log")
      #expect(run.status == 0, "\(run.errors)")
      let lines = try lines(folder + "/log")
      // 50 samples in batches of 16 are 4 steps, the last of 2 samples.
      try #require(lines.count == 9)
      for (number, line) in lines.dropLast().enumerated() {
        #expect(line["step"]?.int == number)
        #expect(try #require(line["loss"]?.double) > 0)
        let levels = try #require(line["hyperparameters"]?.array)
        #expect(
          levels.map { $0.object?.keys.sorted() } == [
            ["alpha", "beta1", "beta2", "eps"],
            ["alpha_alpha", "beta1_alpha", "beta2_alpha", "log_eps_alpha"],
            ["alpha", "momentum"],
          ])
        #expect(levels[2]["momentum"]?.double == 0.5)
        #expect(levels[2]["alpha"]?.double == Double(Float(0.1)))
      }
      #expect(
        abs(try #require(lines[0]["hyperparameters"]?.array?[0]["beta1"]?.double) - 0.9) < 1e-6)
      let last = lines[8]
      #expect(last["steps"]?.int == 8)
      #expect(last["device"]?.string?.hasPrefix("cpu") == true)
      #expect(try #require(last["seconds"]?.double) > 0)
      let accuracy = try #require(last["test_accuracy_percent"]?.double)
      #expect(run.outputLines.last == "test accuracy \(twoDecimals(accuracy)) %")
      // The tower of the log and of the terminal reads back.
      let text = try #require(last["tower"]?.string)
      #expect(run.output.contains(text))
      #expect(try Tower(parsing: text).description == text)
      #expect(text.hasSuffix("/ sgd(0.1, momentum=0.5)"))
    }
  }

  @Test("A line of the log is written as the documentation shows it")
  func logText() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--steps 2 --optimizer sgd(0.5)~/~sgd(0.25) --log @/log")
      #expect(run.status == 0, "\(run.errors)")
      let text = try String(
        decoding: Data(contentsOf: URL(filePath: folder + "/log")), as: UTF8.self)
      let lines = text.split(separator: "\n")
      #expect(
        lines[0].wholeMatch(
          of:
            /\{"step": 0, "loss": 1\.[0-9]+, "hyperparameters": \[\{"alpha": 0\.5\}, \{"alpha": 0\.25\}\], "run": "[0-9a-f]{16}"\}/
        ) != nil, "\(lines[0])")
      #expect(
        lines[1].wholeMatch(
          of:
            /\{"step": 1, "loss": [0-9.]+, "hyperparameters": \[\{"alpha": [0-9.]+\}, \{"alpha": 0\.25\}\]\}/
        ) != nil, "\(lines[1])")
    }
  }

  @Test("Weights that were saved evaluate to the accuracy that training ended with")
  func saveAndEvaluate() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--hidden 6,5 --epochs 5 --save @/weights --optimizer adam(0.01)")
      #expect(run.status == 0, "\(run.errors)")
      let arguments = ["--weights", folder + "/weights", "--data", folder + "/data"]
      let evaluation = try CommandRun(["evaluate", "--device", "cpu"] + arguments)
      #expect(evaluation.status == 0, "\(evaluation.errors)")
      #expect(evaluation.outputLines.last == run.outputLines.last)
      #expect(run.outputLines.last?.hasPrefix("test accuracy ") == true)

      let json = try CommandRun(["evaluate", "--device", "cpu64", "--json"] + arguments)
      let result = try JSONValue(parsing: Array(json.output.utf8), name: "output")
      #expect(result["samples"]?.int == 20)
      #expect(result["test_loss"]?.double != nil)
      let accuracy = try #require(result["test_accuracy_percent"]?.double)
      #expect(run.outputLines.last == "test accuracy \(twoDecimals(accuracy)) %")

      // Training goes on from them; without a step nothing changes.
      let again = try train(
        folder, "--hidden 6,5 --steps 0 --init @/weights --save @/copy")
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.outputLines.last == run.outputLines.last)
      #expect(try bytes(folder + "/copy") == bytes(folder + "/weights"))
    }
  }

  @Test("Runs repeat bit by bit, and watching one changes nothing")
  func reproducible() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--epochs 3 --seed 5"
      #expect(try train(folder, "\(common) --save @/a --log @/a.log").status == 0)
      #expect(try train(folder, "\(common) --save @/b --log @/b.log --quiet").status == 0)
      #expect(try train(folder, "\(common) --save @/c --quiet").status == 0)
      #expect(try bytes(folder + "/a") == bytes(folder + "/b"))
      #expect(try bytes(folder + "/a") == bytes(folder + "/c"))
      #expect(try stepLines(folder + "/a.log") == stepLines(folder + "/b.log"))
      for other in ["--epochs 3 --seed 6", "--epochs 3 --seed 5 --no-shuffle"] {
        #expect(try train(folder, "\(other) --save @/d --quiet").status == 0)
        #expect(try bytes(folder + "/a") != bytes(folder + "/d"))
      }
    }
  }

  @Test("A log of a run that diverged ends where it diverged")
  func divergedLog() throws {
    try withTemporaryFolder { folder in
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--optimizer", "adam() / sgd(1e6)", "--log", folder + "/log",
          "--save", folder + "/weights",
        ])
      #expect(run.status == 3)
      let lines = try lines(folder + "/log")
      #expect(lines.map { $0["step"]?.int } == [0, 1, nil])
      #expect(lines.last?["error"]?.string?.contains("step 2") == true)
      #expect(!FileManager.default.fileExists(atPath: folder + "/weights"))
    }
  }

  @Test("Progress is told on standard error in lines, or not at all")
  func progress() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--epochs 10 --optimizer sgd(0.5)~/~sgd(0.25)")
      let lines = run.errors.split(separator: "\n")
      #expect(1...10 ~= lines.count, "\(run.errors)")
      #expect(lines.last?.hasPrefix("step 40/40  epoch 10/10  loss ") == true)
      #expect(lines.last?.contains("  test ") == true)
      #expect(lines.last?.contains("  alpha ") == true)
      #expect(!run.errors.contains("\u{1B}") && !run.errors.contains("\r"))
      #expect(try train(folder, "--epochs 10 --quiet").errors.isEmpty)
    }
  }

  @Test("Without a driver the CPU backend takes over in one visible line")
  func fallback() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        ["train", "--data", folder + "/data", "--batch-size", "16", "--quiet"],
        environment: ["OCL_ICD_VENDORS": "/nowhere"])
      #expect(run.status == 0)
      #expect(run.errors.split(separator: "\n").count == 1)
      #expect(
        run.errors.contains(
          "going on with the CPU backend, which is slower: no OpenCL device found; install"))
      #expect(run.output.contains("device  cpu"))
    }
  }

  @Test("The log may go to standard output, before the results")
  func logToOutput() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--log /dev/stdout --steps 2 --quiet")
      #expect(run.status == 0)
      #expect(run.outputLines[0].hasPrefix("{\"step\": 0"))
      #expect(run.outputLines.last?.hasPrefix("test accuracy") == true)
    }
  }

  @Test("Standard output that is full is an error")
  func fullOutput() throws {
    let run = try CommandRun(["devices"], discardingOutputTo: "/dev/full")
    #expect(run.status == 73)
    #expect(run.errors.contains("standard output: cannot be written: No space left on device"))
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// A number as the program prints accuracies, rounded half away from what binary cannot hold.
  private func twoDecimals(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (hundredths / 100, hundredths % 100)
    return "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  @Test("Weights say what features were divided by, and are evaluated so")
  func scale() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      func evaluate(_ weights: String, _ arguments: [String] = []) throws -> CommandRun {
        try CommandRun(
          ["evaluate", "--device", "cpu", "--data", folder + "/data", "--json"]
            + ["--weights", "\(folder)/\(weights)"] + arguments)
      }
      let common = "--steps 8 --quiet"
      #expect(
        try train(folder, "\(common) --scale 9.5 --save @/scaled --checkpoint @/run").status == 0)
      #expect(try train(folder, "\(common) --save @/plain").status == 0)
      let expected = try evaluate("scaled", ["--scale", "9.5"])
      #expect(expected.status == 0 && expected.errors.isEmpty, "\(expected.errors)")
      for weights in ["scaled", "run/best.safetensors", "run/step-0000000008.safetensors"] {
        let own = try evaluate(weights)
        #expect(own.output == expected.output)
        #expect(own.errors.contains("dividing features by 9.5, as it was trained"))
        let other = try evaluate(weights, ["--scale", "2"])
        #expect(other.errors.contains("was trained on features divided by 9.5, not by 2.0"))
      }
      #expect(try evaluate("plain").errors.isEmpty)
      let other = try evaluate("plain", ["--scale", "2"])
      #expect(other.errors.contains("divided by what suits their type, not by 2.0"))
    }
  }
}
