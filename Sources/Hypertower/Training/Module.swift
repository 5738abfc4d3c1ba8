/// A model: something with trainable parameters that maps a batch of inputs to outputs.
///
/// ```swift
/// struct MLP: Module {
///   var hidden = Linear(784, 128)
///   var output = Linear(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor {   // [batch, 784] → [batch, 10]
///     output(hidden(x).tanh()).tanh().logSoftmax()
///   }
/// }
/// ```
public protocol Module {
  /// The trainable parameters with their names, in a fixed order.
  ///
  /// By default those found in the stored properties, named after their path: `hidden.weight`.
  var parameters: [(name: String, tensor: Tensor)] { get }

  /// The outputs for a batch of inputs, `[batch, …] → [batch, …]`.
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Module {
  public var parameters: [(name: String, tensor: Tensor)] { Self.parameters(in: self, path: []) }

  private static func parameters(
    in value: Any, path: [String]
  ) -> [(name: String, tensor: Tensor)] {
    Mirror(reflecting: value).children.enumerated().flatMap { number, child in
      let path = path + [child.label ?? "\(number)"]
      if let tensor = child.value as? Tensor {
        return tensor.parameterDeclaration == nil
          ? [] : [(name: path.joined(separator: "."), tensor: tensor)]
      }
      if let module = child.value as? any Module {
        return module.parameters.map {
          (name: (path + [$0.name]).joined(separator: "."), tensor: $0.tensor)
        }
      }
      // Arrays and optionals of modules and tensors.
      let kind = Mirror(reflecting: child.value).displayStyle
      return kind == .collection || kind == .optional
        ? parameters(in: child.value, path: path) : []
    }
  }
}
