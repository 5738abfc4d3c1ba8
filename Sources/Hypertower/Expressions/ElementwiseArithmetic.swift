/// What tensors and symbolic scalars have in common: arithmetic, element by element.
///
/// Formulas written against this protocol, derivatives among them, hold for both.
public protocol ElementwiseArithmetic: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// The operation applied to every element.
  static func applying(_ operation: UnaryOperation, to x: Self) -> Self
  /// The operation applied to pairs of elements at the same place.
  static func applying(_ operation: BinaryOperation, to x: Self, and y: Self) -> Self
  /// `x` where `condition` is not 0, else `y`; the one not chosen has no influence, NaN included.
  static func select(_ condition: Self, _ x: Self, _ y: Self) -> Self
  /// The constant `value`, of whatever shape the context asks for.
  static func constant(_ value: Double) -> Self
}

extension ElementwiseArithmetic {
  /// The constant that a literal such as `0.5` stands for.
  public init(floatLiteral value: Double) { self = .constant(value) }
  /// The constant that a literal such as `2` stands for.
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  /// The sum, element by element.
  public static func + (x: Self, y: Self) -> Self { applying(.add, to: x, and: y) }
  /// The difference, element by element.
  public static func - (x: Self, y: Self) -> Self { applying(.subtract, to: x, and: y) }
  /// The product, element by element; see `Tensor.matmul` for that of matrices.
  public static func * (x: Self, y: Self) -> Self { applying(.multiply, to: x, and: y) }
  /// The quotient, element by element; that of 0 and 0 is NaN.
  public static func / (x: Self, y: Self) -> Self { applying(.divide, to: x, and: y) }
  /// The negative of each element.
  public static prefix func - (x: Self) -> Self { applying(.negate, to: x) }

  /// e to the power of each element.
  public func exp() -> Self { .applying(.exponential, to: self) }
  /// The natural logarithm.
  public func log() -> Self { .applying(.logarithm, to: self) }
  /// The hyperbolic tangent.
  public func tanh() -> Self { .applying(.tanh, to: self) }
  /// The square root; its derivative at 0 is defined as 0.
  public func sqrt() -> Self { .applying(.squareRoot, to: self) }
  /// 1 / (1 + e^−x).
  public func sigmoid() -> Self { .applying(.sigmoid, to: self) }
  /// max(x, 0); its derivative at 0 is 0.
  public func relu() -> Self { .applying(.relu, to: self) }
  /// The sine of an angle in radians.
  public func sin() -> Self { .applying(.sine, to: self) }
  /// The cosine of an angle in radians.
  public func cos() -> Self { .applying(.cosine, to: self) }
  /// The error function, 2/√π · ∫₀ˣ e^(−t²) dt.
  public func erf() -> Self { .applying(.errorFunction, to: self) }
  /// The greatest whole number that is not above; its derivative is 0.
  public func floor() -> Self { .applying(.floor, to: self) }
  /// Each element to the power of `exponent`.
  public func pow(_ exponent: Self) -> Self { .applying(.power, to: self, and: exponent) }
  /// 1 where this is less than `other`, else 0.
  public func isLess(than other: Self) -> Self { .applying(.less, to: self, and: other) }
  /// 1 where this equals `other`, else 0.
  public func isEqual(to other: Self) -> Self { .applying(.equal, to: self, and: other) }
}
