/// A function of one number, applied to every element.
public enum UnaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  /// −x.
  case negate
  /// eˣ.
  case exponential
  /// The natural logarithm.
  case logarithm
  /// The hyperbolic tangent.
  case tanh
  /// The square root; its derivative at 0 is defined as 0.
  case squareRoot
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// max(x, 0); its derivative at 0 is 0.
  case relu
  /// The sine of an angle in radians.
  case sine
  /// The cosine of an angle in radians.
  case cosine
  /// 2/√π · ∫₀ˣ e^(−t²) dt.
  case errorFunction
  /// The greatest whole number that is not above.
  case floor
}

/// A function of two numbers, applied to elements pair by pair.
public enum BinaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  /// x + y.
  case add
  /// x − y.
  case subtract
  /// x · y.
  case multiply
  /// x / y.
  case divide
  /// x to the power of y.
  case power
  /// 1 where the left number is less than the right one, else 0.
  case less
  /// 1 where the two numbers are equal, else 0.
  case equal
}
