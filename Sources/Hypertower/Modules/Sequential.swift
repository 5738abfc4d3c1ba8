/// Modules applied one after another.
public struct Sequential: Module {
  /// The modules, the first applied first.
  public let layers: [any Module]

  /// Modules in the order in which they are applied.
  public init(_ layers: [any Module]) { self.layers = layers }

  /// Modules in the order in which they are applied.
  public init(_ layers: any Module...) { self.layers = layers }

  /// PyTorch's files number the modules, `0.weight`; in MLX's they are `layers.0.weight`, as here.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    layers.enumerated().flatMap { number, layer in
      layer.placements(in: layout).within(layout == .mlx ? "layers.\(number)" : "\(number)")
    }
  }

  /// What the last module makes of what the others make of `x`.
  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    layers.reduce(x) { $1($0, in: context) }
  }
}
