/// A function of one number, applied to every element.
public enum UnaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  case negate
  case exponential
  case logarithm
  case tanh
  case squareRoot
  case sigmoid
  case relu
  case sine
  case cosine
  /// 2/√π · ∫₀ˣ e^(−t²) dt.
  case errorFunction
  /// The greatest whole number that is not above.
  case floor
}

/// A function of two numbers, applied to elements pair by pair.
public enum BinaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  case add
  case subtract
  case multiply
  case divide
  case power
  /// 1 where the left number is less than the right one, else 0.
  case less
  /// 1 where the two numbers are equal, else 0.
  case equal
}
