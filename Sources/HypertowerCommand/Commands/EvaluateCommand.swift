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
      weights.
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

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let file = try SafetensorsFile(model: weights)
    let device = try device.device()
    let images = try data.images()
    let widths = try DenseNetwork.widths(
      in: file, inputs: images.featureCount, outputs: images.classCount, source: weights)
    let trainer = try Trainer(
      try ModelOptions.network(widths: widths), loss: .negativeLogLikelihood, optimizer: SGD(0),
      on: device)
    try trainer.setWeights(file, source: weights, warn: Console.warn)
    let evaluation = try finiteEvaluation(trainer, images.test)
    let (accuracy, loss) = (evaluation.accuracyPercent!, evaluation.loss)
    if json {
      let result = JSONText.object([
        ("test_accuracy_percent", .number(accuracy)), ("test_loss", .number(loss)),
        ("samples", .integer(images.test.count)), ("device", .string(device.description)),
      ])
      return try Console.print(result.text)
    }
    let lines = table([
      ["samples", "\(images.test.count)"], ["device", device.description],
      ["test loss", formatted("%.4f", loss)],
    ])
    for line in lines { try Console.print(line) }
    try Console.print("test accuracy \(formatted("%.2f", accuracy)) %")
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
