/// The derivatives of all elementwise operations, for tensors and symbolic scalars alike.

extension UnaryOperation {
  /// The cotangent of x for y = f(x), from the cotangent of y; nil where it is 0 everywhere.
  func pullback<Value: ElementwiseArithmetic>(x: Value, y: Value, cotangent: Value) -> Value? {
    switch self {
    case .negate: -cotangent
    case .exponential: cotangent * y
    case .logarithm: cotangent / x
    case .tanh: cotangent * (1 - y * y)
    // Defined as 0 at 0: a running mean of squares that has decayed to 0 must not yield ∞ · 0.
    case .squareRoot: .select(x.isEqual(to: 0), 0, cotangent * 0.5 / y)
    case .sigmoid: cotangent * (y * (1 - y))
    case .relu: .select(Value.constant(0).isLess(than: x), cotangent, 0)
    case .sine: cotangent * x.cos()
    case .cosine: -(cotangent * x.sin())
    case .errorFunction: cotangent * (Value.constant(2 / Double.pi.squareRoot()) * (-(x * x)).exp())
    case .floor: nil
    }
  }
}

extension BinaryOperation {
  /// The cotangent of x for z = f(x, y), from the cotangent of z; nil where it is 0 everywhere.
  func leftPullback<Value: ElementwiseArithmetic>(
    x: Value, y: Value, z: Value, cotangent: Value
  ) -> Value? {
    switch self {
    case .add, .subtract: cotangent
    case .multiply: cotangent * y
    case .divide: cotangent / y
    // y = 0 is asked for, since x⁻¹ is infinite at x = 0.
    case .power: .select(y.isEqual(to: 0), 0, cotangent * (y * x.pow(y - 1)))
    case .less, .equal: nil
    }
  }

  /// The cotangent of y for z = f(x, y), from the cotangent of z; nil where it is 0 everywhere.
  func rightPullback<Value: ElementwiseArithmetic>(
    x: Value, y: Value, z: Value, cotangent: Value
  ) -> Value? {
    switch self {
    case .add: cotangent
    case .subtract: -cotangent
    case .multiply: cotangent * x
    case .divide: -(cotangent * z / y)
    // 0^y is constant in y where it is defined; log 0 would make it NaN.
    case .power: .select(x.isEqual(to: 0), 0, cotangent * (z * x.log()))
    case .less, .equal: nil
    }
  }
}
