import ArgumentParser
import Datasets
import Glibc
import Hypertower

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts the class of each sample with saved weights.",
    discussion: """
      Prints a line for each sample: the likeliest class and the probabilities of all, separated by commas. \
      For example: hypertower predict --weights weights.safetensors t10k-images-idx3-ubyte
      """)

  @Option(
    help: ArgumentHelp("The file that `train --save` or a checkpoint wrote.", valueName: "file"))
  var weights: String

  @Argument(
    help: """
      An IDX file of images, compressed by gzip or not, or a CSV file with the numbers of a sample in each \
      line; - or nothing: standard input.
      """)
  var file: String?

  @Option(
    help: """
      What features are divided by; default: as in training, and unless that had --scale, 255 for bytes of \
      an IDX file and 1 for other numbers.
      """)
  var scale: Double?

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Print a JSON array with one object for each sample.")
  var json = false

  /// How many samples go through the network at once.
  private static let batchSize = 100

  func validate() throws {
    if let scale, !LabelledImages.Options.isScale(scale) {
      throw ValidationError(
        "--scale \(scale) is out of range: it must be a finite number greater than 0")
    }
  }

  func run() throws {
    let network = try LoadedNetwork(weights, on: device.device())
    guard case .images(let shape, let classes) = network.description.input else {
      throw Failure(
        .usage,
        "\(weights): the model \(network.description.choice.kind) predicts characters; use `hypertower "
          + "generate`")
    }
    let samples = try samples(
      TrainedScale.scale(for: network.file, given: scale, source: weights))
    let size = shape.reduce(1, *)
    guard samples.features.count == samples.count * size else {
      throw InputError(
        .badData,
        "\(name): samples of \(samples.features.count / samples.count) numbers, \(samples.shape), the "
          + "network takes \(size), \(shape): give samples of that size")
    }
    var lines: [JSONText] = []
    let batchSize = min(Self.batchSize, samples.count)
    for start in stride(from: 0, to: samples.count, by: batchSize) {
      var inputs = Array(
        samples.features[start * size..<min(start + batchSize, samples.count) * size])
      let count = inputs.count / size
      inputs += [Float](repeating: 0, count: (batchSize - count) * size)
      let outputs = try network.trainer.outputs(for: inputs)
      for row in 0..<count {
        let probabilities = try probabilities(outputs[row * classes..<(row + 1) * classes])
        let best = probabilities.indices.max {
          (probabilities[$0], $1) < (probabilities[$1], $0)
        }!
        if json {
          // As many digits as the numbers have in float32.
          let numbers = probabilities.map { JSONText.number(Double($0.description)!) }
          lines.append(
            .object([("class", .integer(best)), ("probabilities", .array(numbers))]))
        } else {
          try Console.print(
            ([best.description] + probabilities.map(\.description)).joined(separator: ","))
        }
      }
    }
    if json { try Console.print(JSONText.array(lines).text) }
  }

  /// What messages call the samples' file.
  private var name: String { isStandardInput ? "standard input" : file! }
  private var isStandardInput: Bool { file == nil || file == "-" }

  private func samples(_ scale: Double?) throws -> UnlabelledSamples {
    let contents =
      try isStandardInput
      ? FileReader.bytes(from: STDIN_FILENO, name: name) : FileReader.bytes(of: file!)
    return try UnlabelledSamples(contents, name: name, scale: scale)
  }

  /// The softmax of a sample's outputs; of log-probabilities, it is their exponentials.
  private func probabilities(_ outputs: ArraySlice<Double>) throws -> [Float] {
    guard outputs.allSatisfy(\.isFinite) else {
      throw Failure(.diverged, "\(weights): the network's outputs are not finite")
    }
    let greatest = outputs.max() ?? 0
    let exponentials = outputs.map { exp($0 - greatest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { Float($0 / sum) }
  }
}
