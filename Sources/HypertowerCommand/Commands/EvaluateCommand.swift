import ArgumentParser
import Datasets
import Hypertower

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Tests a network whose weights are in a safetensors file.",
    discussion: """
      The file is one that `train --save` has written, or one from elsewhere: weights named otherwise, \
      as PyTorch names them, are matched by their order and shapes. The network has the widths of the \
      weights: tanh after every layer, the last included, and then a log-softmax. Weights of another \
      network, such as one with ReLU, are read all the same, but their accuracy here means nothing.
      """)

  @Option(
    help: ArgumentHelp(
      """
      The safetensors file, w1, b1, w2, b2, … with w as [out, in]; or the index of a model in several \
      files, or a folder with either.
      """, valueName: "file"))
  var weights: String

  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var validation: ValidationOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let file = try SafetensorsFile(model: weights)
    let device = try device.device()
    var data = data
    data.scale = try TrainedScale.scale(for: file, given: data.scale, source: weights)
    let images = try data.images(validationShare: validation.share)
    let measures = images.measures
    guard !measures.isEmpty else {
      throw InputError(
        .missingInput,
        "\(data.folder ?? "the data"): there are no test files to evaluate on: add them, or give "
          + "--validation SHARE to evaluate on the training samples that such a run holds back")
    }
    let widths = try DenseNetwork.widths(
      in: file, inputs: images.featureCount, outputs: images.classCount, source: weights)
    let trainer = try Trainer(
      try ModelOptions.network(widths: widths), loss: .negativeLogLikelihood, optimizer: SGD(0),
      on: device)
    try trainer.setWeights(file, source: weights, warn: Console.warn)
    let results = try measures.map {
      (measure: $0, evaluation: try finiteEvaluation(trainer, $0.data))
    }
    if json {
      let members: [(key: String, value: JSONText)] = results.flatMap { measure, evaluation in
        [
          (measure.accuracyKey, .number(evaluation.accuracyPercent!)),
          ("\(measure.name)_loss", .number(evaluation.loss)),
          (measure.samplesKey, .integer(measure.data.count)),
        ]
      }
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
      try Console.print(measure.line(evaluation.accuracyPercent!))
    }
  }

  /// The evaluation, if it means something; else the failure names the file of the weights.
  private func finiteEvaluation(_ trainer: Trainer, _ data: Dataset) throws -> Evaluation {
    do {
      return try trainer.finiteEvaluation(on: data)
    } catch let error as DivergenceError {
      throw Failure(.diverged, "\(weights): \(error)")
    }
  }
}
