extension DenseNetwork {
  /// The widths of the dense network whose weights a file holds, as they follow from their shapes.
  ///
  /// The tensors are w1, b1, w2, b2, …, or have names such as PyTorch's whose order is plain.
  ///
  /// - Parameters:
  ///   - file: the weights.
  ///   - inputs: the number of inputs that the network must have.
  ///   - outputs: the number of outputs that it must have, one for each class.
  ///   - source: what error messages call the file; default: "weights".
  /// - Returns: the number of inputs, of each hidden layer's outputs, and of outputs.
  /// - Throws: `InputError(.badData)` if the file holds no such network, or leaves open which one.
  public static func widths(
    in file: SafetensorsFile, inputs: Int, outputs: Int, source: String = "weights"
  ) throws -> [Int] {
    let file = file.withoutTraining()
    // Layers that are counted from 0 are put in order like those with other names.
    if file["w1"] != nil && file["w0"] == nil {
      return try numberedWidths(in: file, inputs: inputs, outputs: outputs, source: source)
    }
    let chain = try LayerChain(in: file, inputs: inputs, outputs: outputs, source: source)
    return [inputs] + chain.layers.map(\.outputs)
  }

  /// The widths of w1, w2, …
  private static func numberedWidths(
    in file: SafetensorsFile, inputs: Int, outputs: Int, source: String
  ) throws -> [Int] {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(source): \(message)") }
    var widths: [Int] = []
    while let weight = file["w\(max(1, widths.count))"] {
      guard weight.shape.count == 2, weight.shape.allSatisfy({ $0 > 0 }) else {
        throw fault(
          "tensor '\(weight.name)' has shape \(weight.shape), expected [outputs, inputs]")
      }
      if let width = widths.last, width != weight.shape[1] {
        throw fault(
          "tensor '\(weight.name)' has shape \(weight.shape), the layer below has \(width) outputs")
      }
      if widths.isEmpty {
        guard weight.shape[1] == inputs else {
          throw fault(
            "tensor 'w1' takes \(weight.shape[1]) inputs, an image has \(inputs) pixels"
              + (weight.shape[0] == inputs
                ? ": is it transposed? It must be [outputs, inputs]" : ""))
        }
        widths.append(inputs)
      }
      widths.append(weight.shape[0])
    }
    let last = widths[widths.count - 1]
    guard last == outputs else {
      throw fault("the network tells \(last) classes apart, the data has \(outputs)")
    }
    return widths
  }
}
