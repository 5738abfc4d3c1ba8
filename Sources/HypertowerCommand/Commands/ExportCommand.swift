import ArgumentParser
import Datasets
import Hypertower

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a trained network for other programs.",
    discussion: """
      For example: hypertower export --weights weights.safetensors --onnx network.onnx

      --pytorch and --mlx write the weights alone, for a model of the same layers there.
      """)

  @Option(
    help: ArgumentHelp("The file that `train --save` or a checkpoint wrote.", valueName: "file"),
    completion: .file())
  var weights: String

  @Option(
    help: ArgumentHelp(
      "Write an ONNX model, for opset 17: one input, and log-probabilities as its output.",
      valueName: "file"), completion: .file())
  var onnx: String?

  @Option(
    help: ArgumentHelp(
      "Write a Swift source file with the network and its weights, which needs nothing else.",
      valueName: "file"), completion: .file())
  var swift: String?

  @Option(
    help: ArgumentHelp(
      "Write a safetensors file with PyTorch's names and layouts, for load_state_dict.",
      valueName: "file"), completion: .file())
  var pytorch: String?

  @Option(
    help: ArgumentHelp(
      "Write a safetensors file with MLX's names and layouts, for load_weights.",
      valueName: "file"), completion: .file())
  var mlx: String?

  @OptionGroup var config: ConfigOptions

  func validate() throws {
    guard !formats.isEmpty else {
      throw ValidationError("there is nothing to write: give --onnx, --swift, --pytorch or --mlx")
    }
  }

  func run() throws {
    let formats = formats
    for (number, format) in formats.enumerated() {
      for other in formats[..<number] where try OutputPlace(other.path) == OutputPlace(format.path)
      {
        throw Failure(
          .usage, "\(other.option) and \(format.option) name the same file: \(format.path)")
      }
    }
    let place = try? OutputPlace(weights)
    if let same = try formats.first(where: { try OutputPlace($0.path) == place }) {
      throw Failure(
        .usage,
        "\(same.option) \(same.path): --weights reads this file: give \(same.option) another name")
    }
    let outputs = try formats.map(output)
    // No device computes anything.
    let loaded = try LoadedNetwork(weights, on: .cpu)
    try loaded.trainer.checkFinite()
    for (format, output) in zip(formats, outputs) { try output.write(format.bytes(loaded)) }
  }

  /// A file to write.
  private struct Format {
    let option: String
    let path: String
    /// Whether a file that begins with these bytes is an earlier one of this format.
    let isOurs: ([UInt8]) -> Bool
    let bytes: (LoadedNetwork) throws -> [UInt8]
  }

  private var formats: [Format] {
    [
      onnx.map {
        Format(
          option: "--onnx", path: $0, isOurs: { $0.starts(with: ONNXFile.beginning) },
          bytes: { try ONNXFile($0, metadata: $0.sampleMetadata()).bytes })
      },
      swift.map {
        Format(
          option: "--swift", path: $0, isOurs: { $0.starts(with: SwiftSource.beginning.utf8) },
          bytes: {
            let data = try $0.encoding()?.fingerprintText ?? ""
            return Array(
              SwiftSource.text(
                of: try $0.forInference(), data: data, divisor: TrainedScale.divisor(of: $0.file)
              ).utf8)
          })
      },
      pytorch.map { Self.weights("--pytorch", $0, .pytorch) },
      mlx.map { Self.weights("--mlx", $0, .mlx) },
    ].compactMap(\.self)
  }

  private static func weights(_ option: String, _ path: String, _ layout: WeightLayout) -> Format {
    Format(
      option: option, path: path, isOurs: { SafetensorsFile.beginsWithWeights($0, for: layout) },
      bytes: { loaded in
        let weights = try loaded.trainer.weights(in: layout)
        let notes = try loaded.metadata()
        return SafetensorsFile(
          weights.entries, metadata: weights.metadata.merging(notes) { own, _ in own }
        ).serialized()
      })
  }

  /// Reserves a file, which may replace one of an earlier export.
  ///
  /// - Throws: `InputError(.cannotWrite)`, `Failure(.usage)`.
  private func output(_ format: Format) throws -> ReservedFile {
    try OutputPlan.refuseStandardStreams(format.option, format.path)
    if (try? AtomicFile.isRegular(format.path)) == true,
      let warning = try ExistingFile.check(
        format.path, "the network of an earlier export", option: format.option,
        isOurs: format.isOurs)
    {
      Console.warn(warning)
    }
    return try ReservedFile(format.path)
  }
}

extension LoadedNetwork {
  /// The network as other programs compute it.
  fileprivate func forInference() throws -> InferenceNetwork {
    InferenceNetwork(description, try description.network().module, try trainer.weights())
  }

  /// How files became samples; nil: the file does not say it.
  fileprivate func encoding() throws -> SampleEncoding? {
    try SampleEncoding(file, source: source)
  }

  /// What a file with these weights says beside them, so that this command reads it as well.
  fileprivate func metadata() throws -> [String: String] {
    description.metadata.merging(try sampleMetadata()) { $1 }
  }

  /// What of that says how files became samples.
  fileprivate func sampleMetadata() throws -> [String: String] {
    TrainedScale.metadata(of: file).merging(try encoding()?.metadata ?? [:]) { $1 }
  }
}
