import ArgumentParser
import Datasets
import Hypertower

struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Reproduces a table or a figure of the papers, or compares towers.",
    discussion: """
      Writes NAME.json (all numbers), NAME.md (tables) and plots, with their data and the script for \
      gnuplot, into a folder. An experiment that is interrupted goes on where it stopped when the \
      same command is given again.
      """,
    subcommands: experiments + [UnknownExperimentCommand.self],
    defaultSubcommand: UnknownExperimentCommand.self)

  fileprivate static let experiments: [any ParsableCommand.Type] = [
    SurfaceCommand.self, Table1Command.self, Table2Command.self, SensitivityCommand.self,
    HeightCommand.self, Table2022Command.self, CompareCommand.self,
  ]
}

/// Takes the words that name no experiment, and says which there are.
struct UnknownExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "unknown", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var words: [String] = []

  func run() throws {
    let names = ExperimentCommand.experiments.map { $0.configuration.commandName! }
    let known = names.joined(separator: ", ")
    guard let name = words.first, !name.hasPrefix("-") else {
      throw Failure(.usage, "name an experiment right after 'experiment': \(known)")
    }
    let hint = nearMiss(of: name, among: names).map { "did you mean '\($0)'? There" } ?? "there"
    throw Failure(.usage, "unknown experiment '\(name)'; \(hint) are \(known)")
  }
}

struct SurfaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "surface",
    abstract: "Figure 1 of 2019: SGD's loss by step size, and self-tuning SGD's path.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try Surface(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct Table1Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table1", abstract: "Table 1 of 2019: towers on SGD.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table1(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct Table2Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table2", abstract: "Table 2 of 2019: towers on Adam.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table2(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Figure 3 of 2019: accuracy by the step size at the start, for heights 0 to 5.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try Sensitivity(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct HeightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "height", abstract: "Figure 4 of 2019: step time by the height of the tower.")

  @OptionGroup var options: ExperimentOptions

  @Option(help: "How often every tower is timed; the median counts.")
  var rounds = 25

  func validate() throws {
    guard 1...10_000 ~= rounds else {
      throw ValidationError("--rounds \(rounds) is out of range: it must lie in 1...10000")
    }
  }

  func run() throws {
    try options.run { device in
      HeightTimes(rounds: rounds, isQuick: options.quick, on: device)
    }
  }
}

struct Table2022Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table2022", abstract: "The dense network's table of 2022: towers of all rules.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table2022(
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), isQuick: options.quick, on: device)
    }
  }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Trains with several towers, on any data.",
    discussion: """
      For example: hypertower experiment compare --optimizer "sgd(0.1)" --optimizer "sgd(0.01) / \
      adam()" --epochs 3
      """)

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp("A tower, bottom level first; once for each.", valueName: "tower"))
  var notations: [String] = []

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var length: TrainingLength

  @Option(help: "The number of samples of a step.")
  var batchSize = 300

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  func run() throws {
    let towers = try notations.map { try Tower(parsing: $0) }
    guard !towers.isEmpty else {
      throw Failure(.usage, "compare needs towers: give --optimizer TOWER once for each")
    }
    if let twice = towers.map(\.description).repeated {
      throw Failure(.usage, "--optimizer \(twice) is given twice")
    }
    let images = try data.images()
    try options.run { device in
      let laboratory = try Laboratory(
        images, hidden: model.hidden.values, batchSize: batchSize, isShuffled: !noShuffle,
        on: device)
      let steps = try length.stepCount(stepsPerEpoch: laboratory.stepsPerEpoch)
      return Comparison(
        towers: towers, steps: options.quick ? min(steps, 40) : steps,
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), laboratory: laboratory,
        setting: [
          "data": data.folder ?? "MNIST", "data hash": images.fingerprint,
          "hidden": model.hidden.description, "batch size": "\(batchSize)",
          "order": noShuffle ? "as in the file" : "shuffled",
        ])
    }
  }
}

extension [String] {
  /// The first element that is there a second time.
  fileprivate var repeated: String? {
    var seen: Set<String> = []
    return first { !seen.insert($0).inserted }
  }
}
