import ArgumentParser
import Datasets
import Hypertower

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Tests a network whose weights are in a safetensors file.",
    discussion: """
      The file is one that `train --save` has written, or one from elsewhere: weights named otherwise, \
      as PyTorch names them, are matched by their order and shapes. A file says which network its weights \
      belong to. If it does not, they are those of a dense network with the widths of the weights: tanh after \
      every layer, the last included, and then a log-softmax. Weights of another network, such as one with \
      ReLU, are read all the same, but their accuracy here means nothing.
      """)

  @Option(
    help: ArgumentHelp(
      """
      The safetensors file: one that train --save or a checkpoint wrote, or of a dense network, w1, b1, w2, b2, … \
      with w as [out, in]; or the index of a model in several files, or a folder with either.
      """, valueName: "file"), completion: .file())
  var weights: String

  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var split: SplitOptions
  @OptionGroup var text: TextOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let file = try SafetensorsFile(model: weights)
    let description = try NetworkDescription(file, source: weights)
    let textPath = try text.path(
      for: description?.choice.kind ?? .dense, besides: data.given + target.given + split.given)
    let device = try device.device()
    let (measures, network) =
      if let textPath, let description {
        (try measures(ofText: textPath, description), description)
      } else {
        try ofSamples(file, description)
      }
    let trainer = try LoadedNetwork(network, file, source: weights, on: device).trainer
    let results = try measures.map {
      (measure: $0, evaluation: try finiteEvaluation(trainer, $0))
    }
    if json {
      let members = results.flatMap { measure, evaluation in measure.members(evaluation) }
      return try Console.print(
        JSONText.object(members + [("device", .string(device.description))]).text)
    }
    let lines = table(
      results.flatMap { measure, evaluation in
        [
          [measure.samplesKey.replacing("_", with: " "), "\(measure.data.count)"],
          ["\(measure.name) loss", formatted("%.4f", evaluation.loss)],
        ]
      } + [["device", device.description]])
    for line in lines { try Console.print(line) }
    for (measure, evaluation) in results {
      for line in measure.lines(evaluation) { try Console.print(line) }
    }
  }

  /// What a model of characters is measured on: the last tenth of a text, as when it was trained.
  private func measures(
    ofText path: String, _ description: NetworkDescription
  ) throws -> [Measure] {
    guard case .text(let vocabulary) = description.input else { return [] }
    return try TrainingData(
      CharacterText(contentsOf: path, vocabulary: vocabulary),
      length: description.choice.size(.length)
    ).measures
  }

  private func ofSamples(
    _ file: SafetensorsFile, _ description: NetworkDescription?
  ) throws -> ([Measure], NetworkDescription) {
    var source = data.source(target.table, split: split.split)
    source.scale = try TrainedScale.scale(for: file, given: data.scale, source: weights)
    let known = try? description ?? LoadedNetwork.dense(file, source: weights)
    if case .classes(let count) = known?.samples?.outputs { source.networkClassCount = count }
    let encoding = try SampleEncoding(file, source: weights)
    let data = try source.read(as: encoding)
    // A single array or folder of images is what the user wants to measure on.
    let isWhole =
      split.given.isEmpty && data.validation == nil && data.test == nil
      && (source.path.map { DataFormat(of: $0) } == .array || encoding?.images != nil)
    let measures =
      isWhole
      ? [Measure(name: "test", data: data.train, encoding: data.encoding)]
      : TrainingData(data).measures
    guard !measures.isEmpty else {
      throw InputError(
        .missingInput,
        "\(source.path ?? "the data"): there are no test files to evaluate on: add them, or give "
          + "--validation SHARE to evaluate on the training samples that such a run holds back")
    }
    if let description, description.choice.kind != .dense || encoding != nil {
      try description.check(fits: data, source: weights)
      return (measures, description)
    }
    return (
      measures,
      try NetworkDescription(
        denseIn: file, image: data.sampleShape, classes: data.encoding.outputCount, source: weights)
    )
  }

  /// The evaluation, if it means something; else the failure names the file of the weights.
  private func finiteEvaluation(_ trainer: Trainer, _ measure: Measure) throws -> Evaluation {
    do {
      return try trainer.finiteEvaluation(on: measure.data, metrics: measure.metrics)
    } catch let error as DivergenceError {
      throw Failure(.diverged, "\(weights): \(error)")
    }
  }
}
