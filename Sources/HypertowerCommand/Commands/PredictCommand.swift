import ArgumentParser
import Datasets
import Glibc
import Hypertower

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts the class or the value of each sample with saved weights.",
    discussion: """
      Prints a line for each sample: the likeliest class and the probabilities of all, separated by commas, or the \
      value. Where classes or columns have names, these stand in a line before. \
      For example: hypertower predict --weights weights.safetensors t10k-images-idx3-ubyte
      or, with weights that were trained on a table: hypertower predict --weights weights.safetensors table.csv
      """)

  @Option(
    help: ArgumentHelp("The file that `train --save` or a checkpoint wrote.", valueName: "file"),
    completion: .file())
  var weights: String

  @Argument(
    help: """
      Images in PNG, JPEG, PGM or PPM files; or an IDX file of images, compressed by gzip or not, an NPY file, or a CSV file with the numbers of a sample in each \
      line; for weights that were trained on a table, a table with its columns, the target's or not; - or nothing: \
      standard input.
      """)
  var files: [String] = []

  @Option(
    help: """
      What features are divided by; default: as in training, and unless that had --scale, 255 for bytes of \
      an IDX or NPY file and 1 for other numbers.
      """)
  var scale: Double?

  @Option(
    help: ArgumentHelp(
      "What separates a table's cells: one character, or tab; default: what the first line suggests.",
      valueName: "character"),
    transform: { try TargetOptions.delimiter($0) })
  var delimiter: String?

  @OptionGroup var config: ConfigOptions
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
    guard let (shape, outputs) = network.description.samples else {
      throw Failure(
        .usage,
        "\(weights): the model \(network.description.choice.kind) predicts characters; use `hypertower "
          + "generate`")
    }
    let encoding = try SampleEncoding(network.file, source: weights)
    let samples = try samples(network.file, encoding, shape)
    let size = shape.reduce(1, *)
    guard samples.features.count == samples.count * size else {
      throw InputError(
        .badData,
        "\(name): samples of \(samples.features.count / samples.count) numbers, \(samples.shape), the "
          + "network takes \(size), \(shape): give samples of that size")
    }
    let text = PredictionText(
      outputs: outputs, encoding: encoding, source: weights, files: samples.names)
    if !json, let header = text.header { try Console.print(header) }
    var objects: [JSONText] = []
    let batchSize = min(Self.batchSize, samples.count)
    for start in stride(from: 0, to: samples.count, by: batchSize) {
      var inputs = samples.features.withElements {
        Array($0[start * size..<min(start + batchSize, samples.count) * size])
      }
      let count = inputs.count / size
      inputs += [Float](repeating: 0, count: (batchSize - count) * size)
      let results = try network.trainer.outputs(for: inputs)
      for row in 0..<count {
        let own = results[row * outputs.count..<(row + 1) * outputs.count]
        if json {
          objects.append(try text.object(own, start + row))
        } else {
          try Console.print(text.line(own, start + row))
        }
      }
    }
    if json { try Console.print(JSONText.array(objects).text) }
  }

  /// What messages call the samples' file.
  private var name: String { isStandardInput ? "standard input" : files[0] }
  private var isStandardInput: Bool { files.isEmpty || files == ["-"] }

  private func samples(
    _ weightsFile: SafetensorsFile, _ encoding: SampleEncoding?, _ shape: [Int]
  ) throws -> UnlabelledSamples {
    let budget = MemoryBudget()
    let contents =
      try isStandardInput
      ? StoredArray.contents(from: STDIN_FILENO, name: name, in: budget)
      : StoredArray.contents(of: name, in: budget)
    if encoding?.table == nil && PixelImage.isImage(contents.prefix(8)) {
      return try UnlabelledSamples.images(
        [name] + files.dropFirst(),
        as: encoding?.images ?? ImageEncoding(shape: shape, source: weights),
        scale: TrainedScale.scale(for: weightsFile, given: scale, source: weights), in: budget
      ) { try $0 == 0 ? contents.prefix(.max) : FileReader.bytes(of: files[$0]) }
    }
    guard files.count <= 1 else {
      throw Failure(
        .usage, "\(files[1]): several files are read of images only: give one file of samples")
    }
    guard encoding?.images == nil else {
      throw InputError(
        .badData,
        "\(name): is no PNG, JPEG, PGM or PPM file, and the network was trained on such: give images"
      )
    }
    guard let table = encoding?.table else {
      guard delimiter == nil else {
        throw Failure(
          .usage, "--delimiter is for tables, and the network was trained on none: leave it out")
      }
      return try UnlabelledSamples(
        contents, name: name,
        scale: TrainedScale.scale(for: weightsFile, given: scale, source: weights), in: budget)
    }
    guard scale == nil else {
      throw Failure(
        .usage, "--scale is for images, and a table's columns are standardized: leave it out")
    }
    let (samples, notes) = try UnlabelledSamples.table(
      contents, as: table, delimiter: delimiter, name: name, in: budget)
    for note in notes { Console.warn(note) }
    return samples
  }
}
