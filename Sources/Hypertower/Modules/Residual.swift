/// What modules make of x, added to x: x + f(x), in one shape.
public struct Residual: Module {
  /// f.
  public let module: any Module

  /// The sum of x and what `module` makes of it.
  public init(_ module: any Module) { self.module = module }

  /// The sum of x and what `modules`, one after another, make of it.
  public init(_ modules: any Module...) { module = Sequential(modules) }

  /// `[batch, …] → [batch, …]`, of one shape.
  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    let change = module(x, in: context)
    require(
      change.shape == x.shape, "Residual: the module makes \(change.shape) of \(x.shape)")
    return x + change
  }
}
