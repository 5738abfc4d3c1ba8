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
      or on a table: hypertower experiment compare --data table.csv --target churn --test 0.2 --optimizer "adam()" \
      --optimizer "adam() / drift()"
      """)

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp("A tower, bottom level first; once for each.", valueName: "tower"))
  var notations: [String] = []

  @OptionGroup var additions: AdditionOptions
  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var imageFiles: ImageFileOptions
  @OptionGroup var split: SplitOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var text: TextOptions
  @OptionGroup var length: TrainingLength

  @Option(
    help: """
      The number of samples of a step; default: the model's, as --model lists it, and \(TrainingData.tableBatchSize) for \
      a table.
      """)
  var batchSize: Int?

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  func run() throws {
    let towers = try notations.map { try TowerOptions.given($0) }
    guard !towers.isEmpty else {
      throw Failure(.usage, "compare needs towers: give --optimizer TOWER once for each")
    }
    if let twice = towers.map(\.description).repeated {
      throw Failure(.usage, "--optimizer \(twice) is given twice")
    }
    let choice = try model.choice()
    let textPath = try text.path(
      for: choice.kind, besides: data.given + target.given + imageFiles.given + split.given)
    try options.run { device in
      let samples = try TrainingData(
        for: choice, textPath: textPath,
        data.source(target.table, imageFiles.options, split: split.split))
      guard let measure = samples.measures.last else {
        throw InputError(
          .missingInput,
          "\(data.path ?? "the data"): there are no test files to compare towers on: add them, or hold some samples "
            + "back by --test 0.2")
      }
      let batchSize = batchSize ?? samples.defaultBatchSize(for: choice)
      let description = NetworkDescription(choice: choice, input: samples.input)
      let laboratory = try Laboratory(
        description.network(), train: samples.train, test: measure.data, batchSize: batchSize,
        isShuffled: !noShuffle, on: device)
      let isTable = samples.encoding?.table != nil
      let steps = try length.stepCount(
        stepsPerEpoch: laboratory.stepsPerEpoch,
        defaultEpochs: isTable ? TrainingLength.tableEpochs : 1)
      let optimizations = towers.map { additions.optimization($0, isStandard: false) }
      try laboratory.check(optimizations)
      return Comparison(
        optimizations: optimizations,
        metric: textPath != nil ? .perplexity : measure.hasAccuracy ? .accuracy : nil,
        steps: options.quick ? min(steps, 40) : steps,
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), laboratory: laboratory,
        dataName: textPath ?? data.path ?? "MNIST",
        network: network(
          choice, dataHash: samples.fingerprint, batchSize: batchSize, optimizations[0]))
    }
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
