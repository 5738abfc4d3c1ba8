import FoundationEssentials
import Hypertower
import Testing

@Suite("What train uses where nothing is chosen")
struct DefaultTowerTests {
  private func train(_ folder: String, _ arguments: String) throws -> CommandRun {
    let own = words(of: arguments, in: folder)
    return try CommandRun(
      ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--quiet"]
        + own)
  }

  private func weights(_ path: String) throws -> [[Float]] {
    try SafetensorsFile(model: path).entries.sorted { $0.name < $1.name }.map { $0.floats() }
  }

  @Test("The default is a tower, a limit of the first step and an average, as if they were given")
  func parts() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let tower = "--optimizer adam()~/~drift()"
      let runs = [
        "": "default", tower: "plain", "\(tower) --first-step 1e-3 --average polynomial": "given",
        "--first-step none --average none": "taken-away", "\(tower) --average ema(0.5)": "ema",
      ]
      for (arguments, name) in runs {
        let run = try train(folder, "--epochs 3 \(arguments) --save @/\(name)")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("/ drift(1)"))
      }
      let found = try Dictionary(
        uniqueKeysWithValues: runs.values.map { ($0, try weights("\(folder)/\($0)")) })
      #expect(found["default"] == found["given"])
      #expect(found["plain"] == found["taken-away"])
      #expect(found["default"] != found["plain"] && found["ema"] != found["plain"])
    }
  }

  @Test("What is saved and tested is the average; a run goes on with the weights")
  func checkpoints() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let whole = try train(folder, "--steps 20 --save @/whole")
      let first = try train(folder, "--steps 8 --checkpoint @/run --save @/first")
      #expect(whole.status == 0 && first.status == 0, "\(whole.errors)\(first.errors)")
      let newest = "\(folder)/run/step-0000000008.safetensors"
      let (saved, kept) = (try weights(folder + "/first"), try SafetensorsFile(model: newest))
      #expect(
        try saved
          == ["b1", "b2", "w1", "w2"].map { try #require(kept[$0]).floats() })
      // The weights of now are there, too, and others.
      #expect(kept["training.w1"] != nil && kept.metadata["average"] == "polynomial")
      func accuracy(_ path: String) throws -> String? {
        let run = try CommandRun([
          "evaluate", "--device", "cpu", "--data", folder + "/data", "--weights", path,
        ])
        #expect(run.status == 0, "\(run.errors)")
        return run.outputLines.first { $0.contains("accuracy") }.map(String.init)
      }
      let expected = first.outputLines.last.map(String.init)
      #expect(try accuracy(newest) == expected)
      #expect(try accuracy(folder + "/first") == expected)

      let resumed = try CommandRun(
        [
          "train", "--device", "cpu", "--resume", folder + "/run", "--steps", "20", "--quiet",
          "--save", folder + "/resumed",
        ])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try weights(folder + "/resumed") == weights(folder + "/whole"))
    }
  }

  @Test(
    "Faults say what may be given",
    arguments: [
      ("--first-step 0", "neither none nor a number greater than 0"),
      ("--first-step nan", "neither none nor a number greater than 0"),
      ("--first-step 1e-50", "in float32 as well"),
      ("--average ema(1)", "known are polynomial, ema(DECAY)"),
      ("--average mean", "known are polynomial, ema(DECAY)"),
      ("--resume @/run --average none", "--average cannot be given with --resume"),
      (
        "--optimizer schedule_free_adam() --average polynomial",
        "a further average is not possible"
      ),
    ])
  func faults(arguments: String, message: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      if arguments.contains("--resume") {
        #expect(try train(folder, "--steps 2 --checkpoint @/run").status == 0)
      }
      let run =
        arguments.contains("--resume")
        ? try CommandRun(
          ["train", "--device", "cpu", "--resume", folder + "/run", "--average", "none"])
        : try train(folder, arguments)
      #expect(run.status == 64)
      #expect(run.errors.contains(message), "\(run.errors)")
    }
  }
}
