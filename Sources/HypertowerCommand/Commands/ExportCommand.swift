import ArgumentParser
import Hypertower

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a trained network for other programs.",
    discussion: """
      For example: hypertower export --weights weights.safetensors --onnx network.onnx
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

  @OptionGroup var config: ConfigOptions

  func validate() throws {
    guard onnx != nil || swift != nil else {
      throw ValidationError("there is nothing to write: give --onnx or --swift")
    }
  }

  func run() throws {
    if let onnx, let swift, try OutputPlace(onnx) == OutputPlace(swift) {
      throw Failure(.usage, "--onnx and --swift name the same file: \(onnx)")
    }
    let outputs = try [
      onnx.map {
        try output("--onnx", $0, "the network of an earlier export") {
          $0.starts(with: ONNXModel.beginning)
        }
      },
      swift.map {
        try output("--swift", $0, "the network of an earlier export") {
          $0.starts(with: SwiftSource.beginning.utf8)
        }
      },
    ]
    // No device computes anything.
    let loaded = try LoadedNetwork(weights, on: .cpu)
    try loaded.trainer.checkFinite()
    let network = InferenceNetwork(
      loaded.description, try loaded.description.network().module, try loaded.trainer.weights())
    try outputs[0]?.write(ONNXModel.bytes(of: network))
    try outputs[1]?.write(Array(SwiftSource.text(of: network).utf8))
  }

  /// Reserves a file, which may replace one of an earlier export.
  ///
  /// - Throws: `InputError(.cannotWrite)`, `Failure(.usage)`.
  private func output(
    _ option: String, _ path: String, _ description: String, isOurs: ([UInt8]) -> Bool
  ) throws -> ReservedFile {
    try OutputPlan.refuseStandardStreams(option, path)
    if (try? AtomicFile.isRegular(path)) == true,
      let warning = try ExistingFile.check(path, description, option: option, isOurs: isOurs)
    {
      Console.warn(warning)
    }
    return try ReservedFile(path)
  }
}
