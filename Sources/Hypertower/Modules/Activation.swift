/// An elementwise function between layers.
public enum Activation: String, Sendable, CaseIterable {
  /// x as it is.
  case identity
  /// The hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// max(x, 0).
  case relu
  /// x · Φ(x) with the error function.
  case gelu
  /// Its approximation with a hyperbolic tangent.
  case geluTanh
  /// x · sigmoid(x).
  case silu
  /// log(1 + eˣ).
  case softplus
  /// With α = 1.
  case elu
  /// With slope 0.01.
  case leakyReLU
  /// x, but at least −1 and at most 1.
  case hardTanh

  /// The function, applied to every element.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .relu: x.relu()
    case .gelu: x.gelu()
    case .geluTanh: x.geluTanh()
    case .silu: x.silu()
    case .softplus: x.softplus()
    case .elu: x.elu()
    case .leakyReLU: x.leakyReLU()
    case .hardTanh: x.hardTanh()
    }
  }
}

extension Activation: Module {
  public var parameters: [(name: String, tensor: Tensor)] { [] }
}
