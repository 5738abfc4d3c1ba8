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

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let file = try SafetensorsFile(contentsOf: weights)
    let widths = try NetworkWidths(file, name: weights)
    let device = try device.device()
    let images = try data.images()
    try widths.check(images)
    let trainer = try Trainer(
      try ModelOptions.network(widths: widths.values), loss: .negativeLogLikelihood,
      optimizer: SGD(0), on: device)
    try trainer.setWeights(file, source: weights)
    let evaluation = try trainer.evaluate(on: images.test)
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
}
