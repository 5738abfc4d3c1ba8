import ArgumentParser
import Datasets
import Hypertower

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Tests a network whose weights `train --save` has written.",
    discussion: "The widths of the network are those of the weights in the file.")

  @Option(
    help: ArgumentHelp(
      "The safetensors file: w1, b1, w2, b2, …; w is [out, in].", valueName: "file"))
  var weights: String

  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var validation: ValidationOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let file = try SafetensorsFile(contentsOf: weights)
    let widths = try NetworkWidths(file, name: weights)
    let device = try device.device()
    let images = try data.images(validationShare: validation.share)
    let measures = images.measures
    guard !measures.isEmpty else {
      throw InputError(
        .missingInput,
        "\(data.folder ?? "the data"): there are no test files to evaluate on: add them, or give "
          + "--validation SHARE to evaluate on the training samples that such a run holds back")
    }
    try widths.check(images)
    let trainer = try Trainer(
      try ModelOptions.network(widths: widths.values), loss: .negativeLogLikelihood,
      optimizer: SGD(0), on: device)
    try trainer.setWeights(file, source: weights)
    let results = try measures.map { (measure: $0, evaluation: try trainer.evaluate(on: $0.data)) }
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
}
