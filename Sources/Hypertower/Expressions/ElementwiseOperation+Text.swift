extension UnaryOperation {
  /// The function of an operand, as people write it.
  func text(of x: String) -> String {
    switch self {
    case .negate: "-\(x)"
    case .exponential: "exp(\(x))"
    case .logarithm: "log(\(x))"
    case .tanh: "tanh(\(x))"
    case .squareRoot: "sqrt(\(x))"
    case .sigmoid: "sigmoid(\(x))"
    case .relu: "relu(\(x))"
    case .sine: "sin(\(x))"
    case .cosine: "cos(\(x))"
    case .errorFunction: "erf(\(x))"
    case .floor: "floor(\(x))"
    }
  }
}

extension BinaryOperation {
  /// The function of two operands, as people write it.
  func text(of x: String, _ y: String) -> String {
    switch self {
    case .add: "\(x) + \(y)"
    case .subtract: "\(x) - \(y)"
    case .multiply: "\(x) * \(y)"
    case .divide: "\(x) / \(y)"
    case .power: "\(x) ^ \(y)"
    case .less: "\(x) < \(y)"
    case .equal: "\(x) == \(y)"
    }
  }
}
