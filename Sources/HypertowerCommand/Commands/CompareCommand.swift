import ArgumentParser
import Datasets
import Hypertower

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Trains with several towers, on any data.",
    discussion: """
      For example: hypertower experiment compare --optimizer "sgd(0.1)" --optimizer "sgd(0.01) / \
      adam()" --epochs 3
      or on a text: hypertower experiment compare --model gpt --text book.txt --optimizer "adam(0.001)" --optimizer \
      "adam(cosine(0.003))" --steps 2000
      """)

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp("A tower, bottom level first; once for each.", valueName: "tower"))
  var notations: [String] = []

  @OptionGroup var additions: AdditionOptions
  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var text: TextOptions
  @OptionGroup var length: TrainingLength

  @Option(help: "The number of samples of a step; default: the model's, as --model lists it.")
  var batchSize: Int?

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  func run() throws {
    let towers = try notations.map { try TowerOptions.tower($0) }
    guard !towers.isEmpty else {
      throw Failure(.usage, "compare needs towers: give --optimizer TOWER once for each")
    }
    if let twice = towers.map(\.description).repeated {
      throw Failure(.usage, "--optimizer \(twice) is given twice")
    }
    let choice = try model.choice()
    let textPath = try text.path(for: choice.kind, besides: data.given)
    let batchSize = batchSize ?? choice.kind.defaults.batchSize
    try options.run { device in
      let (laboratory, hash) = try laboratory(
        choice, textPath: textPath, batchSize: batchSize, on: device)
      let steps = try length.stepCount(stepsPerEpoch: laboratory.stepsPerEpoch)
      let optimizations = towers.map { additions.optimization($0, isStandard: false) }
      try laboratory.check(optimizations)
      return Comparison(
        optimizations: optimizations, metric: textPath == nil ? .accuracy : .perplexity,
        steps: options.quick ? min(steps, 40) : steps,
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), laboratory: laboratory,
        dataName: textPath ?? data.path ?? "MNIST",
        network: network(choice, dataHash: hash, batchSize: batchSize, optimizations[0]))
    }
  }

  /// Where towers are compared, and a hash of the data.
  private func laboratory(
    _ choice: ModelChoice, textPath: String?, batchSize: Int, on device: Device
  ) throws -> (Laboratory, hash: String) {
    if let textPath {
      let text = try CharacterText(contentsOf: textPath)
      return (
        try Laboratory(
          text, choice, batchSize: batchSize, isShuffled: !noShuffle, on: device), text.fingerprint
      )
    }
    let images = try data.images()
    return (
      try Laboratory(images, choice, batchSize: batchSize, isShuffled: !noShuffle, on: device),
      images.fingerprint
    )
  }

  /// What distinguishes the network, the data and what all towers have from others.
  private func network(
    _ choice: ModelChoice, dataHash: String, batchSize: Int, _ optimization: Optimization
  ) -> [String: String] {
    var network = [
      "data hash": dataHash, "model": choice.kind.rawValue, "batch size": "\(batchSize)",
      "order": noShuffle ? "as in the file" : "shuffled",
    ]
    for (option, values) in choice.sizes {
      network[option.rawValue] = IntegerList(values).description
    }
    network["first step"] = optimization.firstStep.map { "\($0)" }
    network["average"] = optimization.average?.description
    // Otherwise it follows from the data.
    network["classes"] = data.classCount.map { "\($0)" }
    return network
  }
}
