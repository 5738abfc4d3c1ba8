import RealModule

/// The set a hyperparameter lives in, and how it is stored so that gradient descent cannot leave
/// that set.
///
/// A tower moves the *raw* value; a formula sees the *natural* one.
public enum HyperparameterDomain: String, Sendable {
  /// Stored as it is.
  case real
  /// 0 < x < 1, as (tanh(raw) + 1) / 2; or 0, from which no gradient leads away.
  case unitInterval
  /// x > 0, as 10^raw.
  case powerOfTen
  /// x ≥ 0, as raw².
  case square

  /// The natural value of a raw one, in any arithmetic.
  func natural<Value: ElementwiseArithmetic>(_ raw: Value) -> Value {
    switch self {
    case .real: raw
    case .unitInterval: (raw.tanh() + 1) / 2
    case .powerOfTen: Value.constant(10).pow(raw)
    case .square: raw * raw
    }
  }

  /// The natural value of a raw number.
  package func natural(_ raw: Double) -> Double {
    switch self {
    case .real: raw
    // The same function as (tanh(raw) + 1) / 2, which rounds to 0 from −19 downwards.
    case .unitInterval: 1 / (1 + Double.exp(-2 * raw))
    case .powerOfTen: .pow(10, raw)
    case .square: raw * raw
    }
  }

  /// What stands for a natural 0 of a unit interval: (tanh(raw) + 1) / 2 is exactly 0 in every
  /// precision, and its derivative too.
  static let rawZero = -512.0

  /// The raw value of a natural number.
  package func raw(_ natural: Double) -> Double {
    switch self {
    case .real: natural
    case .unitInterval where natural == 0: Self.rawZero
    case .unitInterval: (Double.log(natural) - .log(onePlus: -natural)) / 2
    case .powerOfTen: .log10(natural)
    case .square: natural.squareRoot()
    }
  }

  /// The raw value of a natural one other than 0, in any arithmetic.
  func raw<Value: ElementwiseArithmetic>(_ natural: Value) -> Value {
    switch self {
    case .real: natural
    case .unitInterval: (natural / (1 - natural)).log() / 2
    case .powerOfTen: natural.log() / .constant(Double.log(10))
    case .square: natural.sqrt()
    }
  }

  /// Whether a raw number stands for `natural`.
  func contains(_ natural: Double) -> Bool {
    switch self {
    case .real: natural.isFinite
    case .unitInterval: natural >= 0 && natural < 1
    case .powerOfTen: natural.isFinite && natural > 0
    case .square: natural.isFinite && natural >= 0
    }
  }

  /// Whether gradient descent can move the raw number for `natural`.
  func canTune(_ natural: Double) -> Bool { self != .unitInterval || natural > 0 }

  /// The name of the raw value of a hyperparameter called `name`.
  func rawName(_ name: String) -> String {
    switch self {
    case .real, .unitInterval: name
    case .powerOfTen: "log_\(name)"
    case .square: "sqrt_\(name)"
    }
  }
}
