import FoundationEssentials
import Glibc
import Hypertower
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  /// A run on a small data set, whose arguments are separated by spaces; `@` is the folder.
  private static let settings =
    "--data @/data --batch-size 16 --optimizer adam(0.01)~/~sgd_per_parameter(0.01)~/~rmsprop() "
    + "--seed 7"

  @Test("A run that is cut off and resumed ends bit by bit as one that was not")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      // 4 steps an epoch, the last of two samples.
      let whole = try train(folder, "\(Self.settings) --steps 23 --log @/whole.log --save @/whole")
      #expect(whole.status == 0, "\(whole.errors)")

      let begun = try train(
        folder,
        "\(Self.settings) --steps 10 --log @/log --checkpoint @/run --checkpoint-every 3")
      #expect(begun.status == 0, "\(begun.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/run").sorted()
      #expect(
        names == [
          "best.safetensors", "settings.toml", "step-0000000006.safetensors",
          "step-0000000009.safetensors", "step-0000000010.safetensors",
        ])
      // As if the last had not been reached; the log is ahead then.
      try FileManager.default.removeItem(atPath: folder + "/run/step-0000000010.safetensors")
      let resumed = try train(
        folder, "--resume @/run --steps 23 --log @/log --save @/resumed")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.errors.contains("going on after step 9, from \(folder)/run/step-0000000009"))
      #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))
      #expect(try stepLines(folder + "/log") == stepLines(folder + "/whole.log"))

      // A checkpoint has the weights that the run had then.
      let evaluation = try CommandRun([
        "evaluate", "--device", "cpu", "--data", folder + "/data", "--weights",
        folder + "/run/step-0000000023.safetensors",
      ])
      #expect(evaluation.outputLines.last == resumed.outputLines.last, "\(evaluation.errors)")

      // What is done is done: nothing is trained again.
      let again = try train(folder, "--resume @/run --steps 23 --save @/again")
      #expect(again.status == 0)
      #expect(try bytes(folder + "/again") == bytes(folder + "/whole"))
      #expect(again.outputLines.last == resumed.outputLines.last)
    }
  }

  @Test("Groups of parameters are logged by name, printed, and resumed bit by bit")
  func groups() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let tower = "weights:~adam(0.01)~/~kesten();~b1:~frozen;~else:~sgd(0.1)"
      let settings =
        "--data @/data --batch-size 16 --seed 7 --first-step 1e-3 --average polynomial --optimizer \(tower)"
      let whole = try train(
        folder, "\(settings) --steps 9 --log @/log --save @/whole --plot @/plot")
      #expect(whole.status == 0, "\(whole.errors)")
      let lines = try bytes(folder + "/log").split(separator: UInt8(ascii: "\n"))
      let first = try JSONValue(parsing: Array(lines[0]), name: "log")
      #expect(first["hyperparameters"] == nil)
      #expect(try #require(first["groups"]?.object).keys.sorted() == ["else", "weights"])
      #expect(first["groups"]?["weights"]?.array?.count == 2)
      #expect(whole.output.contains("b1       frozen"), "\(whole.output)")
      #expect(whole.output.contains(" / kesten(1); b1: frozen; else: sgd("), "\(whole.output)")

      let begun = try train(folder, "\(settings) --steps 4 --checkpoint @/run")
      #expect(begun.status == 0, "\(begun.errors)")
      let resumed = try train(folder, "--resume @/run --steps 9 --save @/resumed")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))

      let wrong = try train(
        folder, "--data @/data --batch-size 16 --steps 1 --optimizer weight:~sgd()")
      #expect(wrong.status == 64)
      #expect(
        wrong.errors.contains("the group 'weight' has no parameters; did you mean 'weights'?"))
    }
  }

  @Test("A damaged checkpoint is named, and the one before it taken")
  func damage() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "\(Self.settings) --checkpoint @/run --checkpoint-every 4"
      #expect(try train(folder, "\(common) --steps 12 --save @/whole").status == 0)
      let newest = folder + "/run/step-0000000012.safetensors"
      var contents = try bytes(newest)
      contents[contents.count / 2] ^= 16
      try Data(contents).write(to: URL(filePath: newest))
      // What a save leaves that was cut off goes away.
      try Data([1, 2, 3]).write(to: URL(filePath: folder + "/run/.hypertower-abc.tmp"))
      let run = try train(folder, "--resume @/run --save @/resumed")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("step-0000000012.safetensors: is damaged: its CRC does not fit"))
      #expect(run.errors.contains("going on after step 8"))
      #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/run/.hypertower-abc.tmp"))
    }
  }

  @Test("Every cut and every bit flip of a checkpoint is noticed")
  func everyFault() throws {
    let data = Dataset(
      count: 4, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255]),
      targets: .classes([0, 1, 1, 0], classCount: 2))
    let trainer = try Trainer(
      DenseNetwork(widths: [2, 2]), loss: .negativeLogLikelihood, optimizer: SGD() / Adam(),
      on: .cpu)
    try trainer.train(on: data, batchSize: 2, steps: 3)
    let whole = SealedSafetensors.bytes(of: try trainer.checkpoint())
    #expect(whole.count < 4000)
    let file = try SealedSafetensors.file(in: whole, name: "checkpoint")
    #expect(file.metadata["step"] == "3")
    for count in whole.indices {
      #expect(throws: InputError.self) {
        try SealedSafetensors.file(in: Array(whole[..<count]), name: "checkpoint")
      }
    }
    for bit in 0..<8 * whole.count {
      var damaged = whole
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: InputError.self, "bit \(bit)") {
        try SealedSafetensors.file(in: damaged, name: "checkpoint")
      }
    }
  }

  @Test("A signal ends a run where it can go on, and says how")
  func signals() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for (signal, status) in [(SIGINT, Int32(130)), (SIGTERM, 143), (SIGHUP, 129)] {
        let name = "run\(status)"
        let run = try CommandRun(
          [
            "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--steps",
            "100000000", "--checkpoint", "\(folder)/\(name)", "--checkpoint-every", "100000000",
            "--quiet",
          ], signals: [signal], onceThereIs: "\(folder)/\(name)")
        #expect(run.status == status, "\(run.errors)")
        #expect(run.errors.contains("go on with it by --resume \(folder)/\(name)"))
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")
        #expect(files.filter { $0.hasPrefix("step-") }.count == 1)
      }
      let run = try CommandRun(
        [
          "train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--steps",
          "100000000", "--log", folder + "/log", "--quiet",
        ], signals: [SIGINT], onceThereIs: folder + "/log")
      #expect(run.status == 130)
      #expect(run.errors.contains("nothing is kept without --checkpoint"))
    }
  }

  @Test("SIGUSR1 asks for a checkpoint, and the run goes on", arguments: ["cpu", "opencl:0"])
  func checkpointOnRequest(device: String) throws {
    try withTemporaryFolder { folder in
      func checkpoints() -> Int {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder + "/run")
        return files?.count { $0.hasPrefix("step-") } ?? 0
      }
      try SmallDataset().write(to: folder + "/data")
      let run = try CommandRun(
        [
          "train", "--device", device, "--data", folder + "/data", "--batch-size", "16", "--steps",
          "100000000", "--log", folder + "/log", "--checkpoint", folder + "/run",
          "--checkpoint-every", "100000000", "--quiet",
        ], signals: [SIGUSR1, SIGTERM], onceThereIs: folder + "/log",
        isReady: { _ in checkpoints() == 1 })
      #expect(run.status == 143, "\(run.errors)")
      #expect(checkpoints() == 2)
    }
  }

  @Test("Epochs that take no time get no checkpoints of their own, but the last step does")
  func smallEpochs() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder, "--data @/data --batch-size 50 --epochs 300 --checkpoint @/run")
      #expect(run.status == 0, "\(run.errors)")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/run").sorted()
      #expect(files == ["best.safetensors", "settings.toml", "step-0000000300.safetensors"])
      #expect(run.errors.split(separator: "\n").count < 15)
    }
  }

  @Test("A run that diverges is brought back with a smaller step size, or stopped")
  func divergence() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --optimizer adam(1e38)"
      let stopped = try train(folder, "\(common) --epochs 2 --checkpoint @/a")
      #expect(stopped.status == 3)
      let restored = try train(
        folder, "\(common) --epochs 2 --on-divergence restore --log @/log")
      #expect(
        restored.errors.contains("going back to step 0 and from adam(1e"), "\(restored.errors)")
      #expect(restored.errors.contains("(1 of at most 5 times)"))
      let lines = try bytes(folder + "/log").split(separator: UInt8(ascii: "\n"))
      // No step is there twice.
      for (number, line) in lines.dropLast().enumerated() {
        #expect(line.starts(with: "{\"step\": \(number), ".utf8))
      }
      let hopeless = try train(
        folder,
        "--data @/data --batch-size 16 --optimizer adam()~/~sgd(1e38) --on-divergence "
          + "restore")
      #expect(hopeless.status == 3)
      #expect(hopeless.errors.contains("(5 of at most 5 times)"))
      #expect(!hopeless.errors.contains("(6 of"))
    }
  }

  @Test("A resumed run's schedules follow its length, and say if that is another")
  func resumedSchedule() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let settings = "--data @/data --batch-size 16 --optimizer adam(cosine(0.01,~warmup=3))"
      let whole = try train(
        folder,
        "\(settings) --steps 12 --log @/whole.log --save @/whole --checkpoint @/run "
          + "--checkpoint-every 5")
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(whole.output.contains("adam(cosine(0.01, warmup=3))"))
      try FileManager.default.removeItem(atPath: folder + "/run/step-0000000012.safetensors")
      let resumed = try train(folder, "--resume @/run --save @/resumed")
      #expect(resumed.status == 0 && !resumed.errors.contains("planned"), "\(resumed.errors)")
      #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))
      let longer = try train(folder, "--resume @/run --steps 23 --log @/longer.log")
      #expect(
        longer.errors.contains(
          "step-0000000012.safetensors: was planned for 12 steps; its schedules now follow the run's 23"
        ))
      // Step 13 of 23, with 20 after the warm-up: half the way down.
      let line = String(decoding: try bytes(folder + "/longer.log"), as: UTF8.self)
        .split(separator: "\n").first { $0.hasPrefix("{\"step\": 13,") }
      #expect(line?.contains("\"alpha\": 0.00499999") == true, "\(line ?? "none")")
    }
  }

  @Test("What does not fit a resumed run is refused, with what to do")
  func refusals() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try SmallDataset(trainCount: 49).write(to: folder + "/other")
      #expect(
        try train(folder, "\(Self.settings) --steps 3 --checkpoint @/run").status == 0)
      let faults: [(arguments: String, status: Int32, message: String)] = [
        ("\(Self.settings) --checkpoint @/run", 73, "holds the checkpoints of a run up to step 3"),
        (
          "--resume @/run --seed 8 --hidden 3", 64, "--hidden, --seed cannot be given with --resume"
        ),
        ("--resume @/run --data @/other", 65, "is other data than the run"),
        ("--resume @/nowhere", 66, "the folder cannot be opened: No such file"),
        ("--resume @/data", 66, "there are no checkpoints in this folder"),
        ("--resume @/run --checkpoint @/new", 64, "exclude each other"),
        ("--checkpoint-every 5", 64, "--checkpoint-every needs a folder"),
        ("--checkpoint @/new --checkpoint-every 0", 64, "--checkpoint-every 0 is out of range"),
        ("--on-divergence ignore", 64, "ignore"),
        ("--resume @/run --log @/data/train-labels-idx1-ubyte", 73, "was not written by"),
      ]
      for (arguments, status, message) in faults {
        let run = try train(folder, arguments)
        #expect(run.status == status, "\(arguments): \(run.errors)")
        #expect(run.errors.contains(message), "\(arguments): \(run.errors)")
      }
      let double = try CommandRun(["train", "--resume", folder + "/run", "--device", "cpu64"])
      #expect(double.status == 65)
      #expect(double.errors.contains("was made in float32, which cpu64"))
    }
  }
}
