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
///
/// A module implements exactly one of the two functions, since each by default calls the other; one that differs
/// between training and evaluation implements the one with a context, and hands the context on to the modules that it
/// is made of.
public protocol Module {
  /// The trainable parameters with their names, in a fixed order.
  ///
  /// By default those found in the stored properties, named after their path: `hidden.weight`.
  var parameters: [(name: String, tensor: Tensor)] { get }

  /// The states with their names, in a fixed order: what is kept with the parameters but not trained.
  ///
  /// By default those found in the stored properties, as parameters are.
  var states: [(name: String, tensor: Tensor)] { get }

  /// Where the parameters and states lie in another library's file: its names, and what differs in layout.
  ///
  /// By default those of the modules in the stored properties, under the properties' names, and parameters of the
  /// module itself under their own. A module that names its `parameters` itself has these, as they are, unless it
  /// says otherwise.
  func placements(in layout: WeightLayout) -> [TensorPlacement]

  /// The outputs for a batch of inputs, `[batch, …] → [batch, …]`.
  ///
  /// By default those of evaluation.
  func callAsFunction(_ x: Tensor) -> Tensor

  /// The outputs for a batch of inputs, in training or evaluation.
  ///
  /// By default the same in both.
  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor
}

extension Module {
  public var parameters: [(name: String, tensor: Tensor)] {
    Self.tensors(in: self, path: [], areStates: false)
  }

  public var states: [(name: String, tensor: Tensor)] {
    Self.tensors(in: self, path: [], areStates: true)
  }

  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    let own = parameters + states
    let found =
      Self.tensors(in: self, path: [], areStates: false)
      + Self.tensors(in: self, path: [], areStates: true)
    guard own.map(\.name) == found.map(\.name) else {
      return own.map { TensorPlacement($0.name, $0.tensor) }
    }
    return Self.placements(in: self, path: [], layout)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, in: Context()) }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor { self(x) }

  /// The parameters or states in the stored properties of a value, or in its elements, named after their path.
  static func tensors(
    in value: Any, path: [String], areStates: Bool
  ) -> [(name: String, tensor: Tensor)] {
    Mirror(reflecting: value).children.enumerated().flatMap { number, child in
      let path = path + [child.label ?? "\(number)"]
      if let tensor = child.value as? Tensor {
        return tensor.parameterDeclaration?.isState != areStates
          ? [] : [(name: path.joined(separator: "."), tensor: tensor)]
      }
      if let module = child.value as? any Module {
        return (areStates ? module.states : module.parameters).map {
          (name: (path + [$0.name]).joined(separator: "."), tensor: $0.tensor)
        }
      }
      // Arrays and optionals of modules and tensors.
      let kind = Mirror(reflecting: child.value).displayStyle
      return kind == .collection || kind == .optional
        ? tensors(in: child.value, path: path, areStates: areStates) : []
    }
  }

  private static func placements(
    in value: Any, path: [String], _ layout: WeightLayout
  ) -> [TensorPlacement] {
    Mirror(reflecting: value).children.enumerated().flatMap { number, child in
      let path = path + [child.label ?? "\(number)"]
      let name = path.joined(separator: ".")
      if let tensor = child.value as? Tensor {
        return tensor.parameterDeclaration == nil ? [] : [TensorPlacement(name, tensor)]
      }
      if let module = child.value as? any Module {
        return module.placements(in: layout).within(name)
      }
      // Arrays and optionals of modules and tensors.
      let kind = Mirror(reflecting: child.value).displayStyle
      return kind == .collection || kind == .optional
        ? placements(in: child.value, path: path, layout) : []
    }
  }
}
