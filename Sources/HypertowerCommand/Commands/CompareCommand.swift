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
      """)

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp("A tower, bottom level first; once for each.", valueName: "tower"))
  var notations: [String] = []

  @OptionGroup var additions: AdditionOptions
  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var model: DenseOptions
  @OptionGroup var length: TrainingLength

  @Option(help: "The number of samples of a step.")
  var batchSize = 300

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
    let images = try data.images()
    try options.run { device in
      let laboratory = try Laboratory(
        images, ModelChoice(.dense, [.hidden: model.widths]), batchSize: batchSize,
        isShuffled: !noShuffle,
        on: device)
      let steps = try length.stepCount(stepsPerEpoch: laboratory.stepsPerEpoch)
      let optimizations = towers.map { additions.optimization($0, isStandard: false) }
      try laboratory.check(optimizations)
      return Comparison(
        optimizations: optimizations, steps: options.quick ? min(steps, 40) : steps,
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), laboratory: laboratory,
        dataName: data.folder ?? "MNIST",
        network: network(images, optimizations[0]))
    }
  }

  /// What distinguishes the network, the data and what all towers have from others.
  private func network(
    _ images: LabelledImages, _ optimization: Optimization
  ) -> [String: String] {
    var network = [
      "data hash": images.fingerprint, "hidden": IntegerList(model.widths).description,
      "batch size": "\(batchSize)", "order": noShuffle ? "as in the file" : "shuffled",
    ]
    network["first step"] = optimization.firstStep.map { "\($0)" }
    network["average"] = optimization.average?.description
    // Otherwise it follows from the data.
    network["classes"] = data.classCount.map { "\($0)" }
    return network
  }
}
