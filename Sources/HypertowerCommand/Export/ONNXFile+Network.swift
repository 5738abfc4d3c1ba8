import Datasets
import Hypertower

extension ONNXFile {
  /// A network with its weights, whose output is log-probabilities or, as training scaled them, values.
  ///
  /// - Parameters:
  ///   - loaded: the network.
  ///   - metadata: what the file tells besides, by name; default: nothing.
  /// - Throws: `InputError`, `Failure`.
  init(_ loaded: LoadedNetwork, metadata: [String: String] = [:]) throws {
    let network = try loaded.description.network()
    var (outputName, metadata) = ("log_probabilities", metadata)
    var inputType = InputType.numbers
    switch loaded.description.input {
    case .images, .numbers(_, .classes): break
    case .numbers(_, .values): outputName = "values"
    case .text(let vocabulary):
      inputType = .tokens
      metadata["vocabulary"] = vocabulary.text
    }
    // Dense networks of classes end in the logarithm themselves.
    let endsInLogits = outputName != "values" && !(network.module is DenseNetwork)
    let model: any Module =
      endsInLogits ? LogProbabilities(module: network.module) : network.module
    try self.init(
      model, weights: loaded.trainer.weights(), sampleShape: network.sampleShape,
      inputType: inputType,
      inputName: "input", outputName: outputName, metadata: metadata,
      producerVersion: Version.text)
  }
}

/// The logarithms of the probabilities whose logits a network gives.
private struct LogProbabilities: Module {
  let module: any Module

  var parameters: [(name: String, tensor: Tensor)] { module.parameters }
  var states: [(name: String, tensor: Tensor)] { module.states }

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    module(x, in: context).logSoftmax()
  }
}
