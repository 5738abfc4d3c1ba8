import ArgumentParser
import Datasets
import FoundationEssentials
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Settings in files")
struct SettingsFileTests {
  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// The tensors of a file of weights, bit by bit.
  private func weights(_ path: String) throws -> [[UInt32]] {
    try SafetensorsFile(model: path).entries.sorted { $0.name < $1.name }
      .map { $0.floats().map(\.bitPattern) }
  }

  @Test(
    "Options in a file count as on the command line, which comes first",
    arguments: [
      ("", "--steps 7 --seed 3 --optimizer weights:~adam(0.01)~/~sgd(1e-4);~else:~sgd(0.1)"),
      // One of the command line takes the place of what it excludes.
      (
        "--epochs 2",
        "--epochs 2 --seed 3 --optimizer weights:~adam(0.01)~/~sgd(1e-4);~else:~sgd(0.1)"
      ),
      ("--optimizer=adam() --seed 8", "--steps 7 --seed 8 --optimizer adam()"),
    ])
  func options(_ besides: String, _ flags: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try write(
        """
        # What the run is.
        data = "\(folder)/data"
        batch-size = 16
        hidden = [6, 5]
        no-shuffle = true
        quiet = false
        steps = 7
        seed = 3

        [optimizer]
        weights = "adam(0.01) / sgd(1e-4)"
        else = 'sgd(0.1)'
        """, folder + "/run.toml")
      for (name, arguments) in [
        ("a", "--config @/run.toml \(besides)"),
        ("b", "--data @/data --batch-size 16 --hidden 6,5 --no-shuffle \(flags)"),
      ] {
        let run = try train(folder, "\(arguments) --save @/\(name)")
        #expect(run.status == 0, "\(arguments): \(run.errors)")
      }
      #expect(try weights(folder + "/a") == weights(folder + "/b"))
    }
  }

  @Test(
    "A fault is told with its line",
    arguments: [
      ("a = 1\nb", 65, "run.toml:2: the file ends, expected \"=\""),
      ("\nlearning-rat = 1", 64, "run.toml:2: 'learning-rat' is no option of hypertower train"),
      (
        "batch_size = 1", 64,
        "run.toml:1: 'batch_size' is no option of hypertower train; did you mean 'batch-size'?"
      ),
      ("help = true", 64, "run.toml:1: 'help' is no option"),
      ("config = \"a\"", 64, "run.toml:1: 'config' is no option"),
      ("quiet = 1", 64, "run.toml:1: 'quiet' is on or off: write true or false, not the number 1"),
      ("epochs = true", 64, "run.toml:1: 'epochs' takes a value, and true is none"),
      ("save = 1", 64, "run.toml:1: 'save' names a file or a folder: put it in quotation marks"),
      ("save = ['a']", 64, "run.toml:1: 'save' names one file or folder, not an array"),
      ("epochs = {a = 1}", 64, "run.toml:1: 'epochs' takes a value, and a table is none"),
      ("hidden = [[1]]", 64, "run.toml:1: 'hidden' has an array in it"),
      (
        "ignore = ['a,b']", 64,
        "run.toml:1: 'ignore' is a list, which commas separate: 'a,b' has one"
      ),
      ("optimizer = {weights = 1, biases = true}", 64, "run.toml:1: 'optimizer' has true in it"),
      // What the options themselves refuse.
      (
        "quiet = true\nepochs = 'many'", 64, "run.toml:2: The value 'many' is invalid for '--epochs"
      ),
      ("\nepochs = 1.5", 64, "run.toml:2: The value '1.5' is invalid for '--epochs"),
      ("\nepochs = -1", 64, "run.toml:2: --epochs -1 is out of range"),
      ("\nepochs = 1\nsteps = 1", 64, "run.toml:2: --epochs and --steps exclude each other"),
      ("\nbatch-size = 0", 64, "run.toml:2: --batch-size 0 is out of range"),
      ("\noptimizer = 'sgd(0.1) / adm()'", 64, "run.toml:2: --optimizer: tower, column 12"),
    ])
  func faults(_ text: String, _ status: Int32, _ message: String) throws {
    try withTemporaryFolder { folder in
      try write(text, folder + "/run.toml")
      let run = try train(folder, "--config @/run.toml")
      #expect(run.status == status)
      #expect(run.errors.contains("Error: \(folder)/\(message)"), "\(run.errors)")
    }
  }

  @Test("A fault of the command line is not laid to the file")
  func commandLine() throws {
    try withTemporaryFolder { folder in
      try write("seed = 1\nepochs = 3\n", folder + "/run.toml")
      for (arguments, message) in [
        ("--epochs=-1", "Error: --epochs -1 is out of range"),
        ("--nonsense", "Error: Unknown option '--nonsense'"),
        ("--seed x", "Error: The value 'x' is invalid for '--seed"),
      ] {
        let run = try train(folder, "--config @/run.toml \(arguments)")
        #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
      }
      // Remedies name options, too.
      try SmallDataset().write(to: folder + "/data")
      let begun = try train(folder, "--data @/data --batch-size 16 --steps 2 --checkpoint @/run")
      #expect(begun.status == 0, "\(begun.errors)")
      try write("\nsteps = 6\n", folder + "/steps.toml")
      let resumed = try train(
        folder, "--config @/steps.toml --resume @/run --batch-size 3")
      #expect(
        resumed.errors.contains("Error: --batch-size cannot be given with --resume"),
        "\(resumed.errors)")
      let missing = try train(folder, "--config @/none.toml")
      #expect(missing.status == 66 && missing.errors.contains("none.toml"), "\(missing.errors)")
      let empty = try train(folder, "--config")
      #expect(empty.status == 64 && empty.errors.contains("--config"), "\(empty.errors)")
      let devices = try CommandRun(["devices", "--config", folder + "/run.toml"])
      #expect(devices.status == 64 && devices.errors.contains("--config"), "\(devices.errors)")
    }
  }

  @Test("Other commands take their options from a file, too")
  func otherCommands() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      #expect(try train(folder, "--data @/data --batch-size 16 --save @/w").status == 0)
      try write("weights = \"\(folder)/w\"\njson = true\ndevice = 'cpu'\n", folder + "/p.toml")
      let samples = "\(folder)/data/t10k-images-idx3-ubyte"
      #expect(
        try CommandRun(["predict", "--config", folder + "/p.toml", samples]).output
          == CommandRun([
            "predict", "--weights", folder + "/w", "--json", "--device", "cpu", samples,
          ])
          .output)
      try write(
        "optimizer = ['sgd(0.1)', 'adam()']\nrounds = 1\njson = true\ndevice = 'cpu'\nhidden = 8\nbatch-size = 32\n",
        folder + "/b.toml")
      let bench = try CommandRun(["bench", "--config", folder + "/b.toml"])
      #expect(
        bench.output.contains("sgd(0.1)") && bench.output.contains("adam("), "\(bench.errors)")
      try write("quick = true\nnope = 1\n", folder + "/e.toml")
      let compare = try CommandRun(["experiment", "compare", "--config", folder + "/e.toml"])
      #expect(compare.errors.contains("'nope' is no option of hypertower experiment compare"))
    }
  }
}

@Suite("Resolved settings")
struct ResolvedSettingsTests {
  @Test("The settings beside a run repeat it bit by bit")
  func repeating() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try SmallDataset(width: 12).write(to: folder + "/images")
      try Data(
        (["colour,size,kind,left"]
          + (0..<60).map { "\(["red", "blue", ""][$0 % 3]),\($0 % 7),\($0 % 2 == 0 ? "a" : "b"),x" })
          .joined(separator: "\n").utf8
      ).write(to: URL(filePath: folder + "/table.csv"))
      #expect(try train(folder, "--data @/data --batch-size 16 --save @/first").status == 0)
      for (number, arguments) in [
        "--data @/data --batch-size 16 --seed 18446744073709551615 --hidden 7,5 --no-shuffle --epochs 3",
        "--data @/data --batch-size 16 --init @/first --optimizer weights:~adam();~else:~sgd(0.1)~/~adam()",
        "--data @/data --batch-size 8 --validation 0.3 --split-seed 5 --early-stopping 2 --evaluate-every 3 --augment shift=1",
        "--data @/data --classes 6 --scale 100 --class-weights balanced --batch-size 16",
        "--data @/images --model cnn --channels 2,3 --kernel 3 --batch-size 16 --device cpu64",
        "--data @/data --batch-size 16 --steps 5 --on-divergence restore --checkpoint-every 3",
        "--data @/table.csv --target kind --missing mean --ignore left --categories size --epochs 2 --first-step none",
      ].enumerated() {
        let run = try train(folder, "\(arguments) --save @/a\(number)")
        #expect(run.status == 0, "\(arguments): \(run.errors)")
        let settings = "\(folder)/a\(number).toml"
        let again = try CommandRun(
          ["train", "--config", settings, "--quiet", "--save", "\(folder)/b\(number)"])
        #expect(again.status == 0, "\(arguments): \(again.errors)")
        #expect(try bytes("\(folder)/a\(number)") == bytes("\(folder)/b\(number)"), "\(arguments)")
        // Except for the name of the run, the settings say the same.
        func lines(_ path: String) throws -> ArraySlice<Substring> {
          try text(path).split(separator: "\n").dropFirst()
        }
        #expect(try lines(settings) == lines("\(folder)/b\(number).toml"))
      }
    }
  }

  @Test("A resumed run writes its settings with the new length")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let begun = try train(
        folder, "--data @/data --batch-size 16 --steps 5 --checkpoint @/run --save @/short")
      #expect(begun.status == 0, "\(begun.errors)")
      let resumed = try train(folder, "--resume @/run --steps 9 --save @/long")
      #expect(resumed.status == 0, "\(resumed.errors)")
      let contents = try ResolvedSettings.Contents(folder + "/run/settings.toml")
      #expect(contents["steps"] == "9" && contents.stepsPerEpoch == 4)
      let again = try CommandRun(
        [
          "train", "--config", folder + "/run/settings.toml", "--quiet", "--save",
          folder + "/again",
        ])
      #expect(again.status == 0, "\(again.errors)")
      #expect(try bytes(folder + "/long") == bytes(folder + "/again"))
      // A run that takes no step keeps its settings.
      #expect(
        try train(folder, "--resume @/run --steps 3").errors.contains("nothing is left to do"))
      #expect(try ResolvedSettings.Contents(folder + "/run/settings.toml")["steps"] == "9")
    }
  }

  @Test(
    "They stand beside what a run writes, and nowhere else",
    arguments: [
      ("--checkpoint @/c --save @/w --log @/l", "c/settings.toml"),
      ("--save @/w --log @/l", "w.toml"), ("--log @/l.jsonl --plot @/p", "l.jsonl.toml"),
      ("--save /dev/null --report @/r.html", "r.html.toml"),
      ("--plot @/p", "p/settings.toml"), ("--tensorboard @/t", "t/settings.toml"),
      ("--log -", nil), ("", nil), ("--save @/w --dry-run", nil),
    ] as [(String, String?)])
  func places(_ arguments: String, _ place: String?) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(folder, "--data @/data --batch-size 16 --steps 1 \(arguments)")
      #expect(run.status == 0, "\(run.errors)")
      let found = try FileManager.default.subpathsOfDirectory(atPath: folder)
        .filter { $0.hasSuffix(".toml") }
      #expect(found == [place].compactMap { $0 })
    }
  }

  @Test("A file of somebody else stays")
  func ownership() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try Data("mine = 1\n".utf8).write(to: URL(filePath: folder + "/w.toml"))
      let common = "--data @/data --batch-size 16 --steps 1"
      let refused = try train(folder, "\(common) --save @/w")
      #expect(refused.status == 73 && refused.errors.contains("w.toml: was not written by"))
      #expect(try text(folder + "/w.toml") == "mine = 1\n")
      let same = try train(folder, "\(common) --save @/v --log @/v.toml")
      #expect(same.status == 64 && same.errors.contains("the settings of the run go there"))
      #expect(try train(folder, "\(common) --save @/v").status == 0)
      // Those of an earlier run are replaced.
      #expect(try train(folder, "\(common) --save @/v --seed 9").status == 0)
      #expect(try text(folder + "/v.toml").contains("seed = 9\n"))
    }
  }

  @Test("Every option of train is a setting that is written, or none that a result depends on")
  func completeness() throws {
    var settings = TrainingSettings(
      optimization: Optimization(
        tower: try Tower(parsing: "adam()"), firstStep: 0.1, average: .polynomial),
      data: "/data", text: "/text", classes: 3, scale: 2,
      split: Split(validation: 0.1, test: 0.1, seed: 1),
      table: TableOptions(
        target: "t", task: .regression, delimiter: "\t", missing: .mean, hasNames: false,
        ignored: ["a"], categories: ["b"]),
      images: ImageOptions(height: 1, width: 2, channels: 3), classWeights: "balanced",
      augment: "flip", initialWeights: "/init", dataHash: "", hidden: [1], batchSize: 1,
      isShuffled: true, seed: 0, steps: 1)
    settings.patience = 1
    settings.shards = 2
    settings.synchronizesBatchNorm = true
    let sizes = Dictionary(uniqueKeysWithValues: SizeOption.allCases.map { ($0, [1]) })
    let command = try TrainCommand.parse(
      "--on-divergence restore --checkpoint a --checkpoint-every 3".split(separator: " ").map(
        String.init))
    let written = Set(
      command.resolved(settings, ModelChoice(.dense, sizes), on: .cpu).map(\.name))
    let options = try #require(try CommandOptions(["train"]))
    let others: Set = [
      // Where results go, and what is shown.
      "log", "save", "save-best", "plot", "report", "tensorboard", "tensorboard-every",
      "tensorboard-histograms", "evaluate-every", "checkpoint", "checkpoint-keep", "quiet",
      "dry-run", "rank-timeout",
      // What other options say when it is resolved.
      "resume", "epochs", "optimizer-from", "fixed",
    ]
    #expect(Set(options.names) == written.union(others))
    #expect(written.isDisjoint(with: others.subtracting(["evaluate-every"])))
  }
}
