import ArgumentParser
import Datasets
import Hypertower

struct CNN2022Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn2022",
    abstract: "The towers of 2022 on a CNN: SGD with momentum from nine starts, alone and tuned.",
    discussion: """
      For the paper's network and data: hypertower experiment cnn2022 --model resnet20 --data cifar-10-batches-bin \
      --steps 5000
      """)

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp("The network; default: cnn.", valueName: "cnn|resnet20"),
    transform: model)
  var model = ModelKind.cnn

  @OptionGroup var data: DataOptions
  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var runs: StartsOptions

  func run() throws {
    let images = try data.images()
    try options.run { device in
      let experiment = try Starts.cnn2022(
        images, dataName: data.path ?? "MNIST", model: model, upper: runs.upper,
        batchSize: runs.batchSize ?? (model == .cnn ? 100 : 128),
        steps: runs.steps(300, isQuick: options.quick), seeds: seeds.seeds ?? 1,
        isQuick: options.quick, on: device)
      try experiment.check()
      return experiment
    }
  }

  private static func model(_ name: String) throws -> ModelKind {
    switch ModelKind(rawValue: name) {
    case .cnn: .cnn
    case .resnet20: .resnet20
    case .dense, .lstm, .gru, .gpt, nil:
      throw ValidationError("'\(name)' is no model of this experiment; there are cnn and resnet20")
    }
  }
}

struct RNN2022Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rnn2022",
    abstract: "The towers of 2022 on an LSTM: Adam from several starts, alone and tuned.",
    discussion: "For example: hypertower experiment rnn2022 --text book.txt")

  @Option(
    name: .customLong("text"),
    help: ArgumentHelp(
      "A UTF-8 text to learn; its last tenth is measured on. It must be given.", valueName: "file"),
    completion: .file())
  var path: String?

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var runs: StartsOptions

  func run() throws {
    guard let path else {
      throw Failure(.usage, "rnn2022 needs a text to learn: give one by --text FILE")
    }
    let text = try CharacterText(contentsOf: path)
    try options.run { device in
      let defaults = ModelKind.lstm.defaults
      let experiment = try Starts.rnn2022(
        text, dataName: path, upper: runs.upper,
        batchSize: runs.batchSize ?? defaults.batchSize,
        length: defaults.sizes[.length]![0], steps: runs.steps(500, isQuick: options.quick),
        seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
      try experiment.check()
      return experiment
    }
  }
}

/// What the runs of an experiment on starts are like.
struct StartsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What tunes the rule, one level or more; default: SGD with step sizes that follow the start.",
      valueName: "tower"))
  var upper: String?

  @Option(help: "The number of steps of every run; default: 300 in cnn2022, 500 in rnn2022.")
  var steps: Int?

  @Option(
    help: "The number of samples of a step; default: 100 for cnn, 128 for resnet20, 50 in rnn2022.")
  var batchSize: Int?

  func validate() throws {
    if let steps, !(1...Trainer.greatestStepCount ~= steps) {
      throw ValidationError(
        "--steps \(steps) is out of range: it must lie in 1...\(Trainer.greatestStepCount)")
    }
  }

  /// The number of steps that were given, or `standard`; of a quick run a few at most.
  func steps(_ standard: Int, isQuick: Bool) -> Int {
    isQuick ? min(steps ?? standard, 4) : steps ?? standard
  }
}

extension Starts {
  /// Checks that the device has the memory.
  ///
  /// - Throws: `Failure` before any time is spent.
  fileprivate func check() throws {
    try laboratory.check([Optimization(tower: starts[0].tower)])
  }
}
