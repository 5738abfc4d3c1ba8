/// A dense layer: x·Wᵀ + b, `[…, inputs] → […, outputs]`.
public struct Linear: Module {
  /// W, `[outputs, inputs]`, drawn uniformly from ±1/√inputs.
  public let weight: Tensor
  /// b, `[outputs]`, zeros at first.
  public let bias: Tensor?

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - inputs: the number of features of a sample before the layer.
  ///   - outputs: the number after it.
  ///   - bias: whether a vector is added; default: true.
  ///   - initializer: how W is drawn; default: uniformly from ±1/√inputs.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil
  ) {
    require(inputs > 0 && outputs > 0, "Linear: \(inputs) inputs, \(outputs) outputs")
    weight = .parameter(
      shape: [outputs, inputs], initializer: initializer ?? .kaimingUniform(fanIn: inputs))
    self.bias = bias ? .parameter(shape: [outputs], initializer: .constant(0)) : nil
  }

  /// `[…, inputs] → […, outputs]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let products = x.matmul(weight, transposeRight: true)
    return bias.map { products + $0 } ?? products
  }
}
