import RealModule

extension UnaryOperation {
  /// The operation's value at one number.
  func evaluate<Element: Real>(_ x: Element) -> Element {
    switch self {
    case .negate: -x
    case .exponential: .exp(x)
    case .logarithm: .log(x)
    case .tanh: .tanh(x)
    case .squareRoot: .sqrt(x)
    case .sigmoid: 1 / (1 + .exp(-x))
    // As a comparison, so that NaN passes through.
    case .relu: x < 0 ? 0 : x
    }
  }
}

extension BinaryOperation {
  /// The operation's value at one pair of numbers.
  func evaluate<Element: Real>(_ x: Element, _ y: Element) -> Element {
    switch self {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .power: realPower(x, y)
    case .less: x < y ? 1 : 0
    case .equal: x == y ? 1 : 0
    }
  }
}

/// C's `pow`: unlike RealModule's, defined for a negative base and a whole exponent.
private func realPower<Element: Real>(_ x: Element, _ y: Element) -> Element {
  if x > 0 { return .pow(x, y) }
  if y == 0 { return 1 }
  if x == 0 { return y > 0 ? 0 : (y < 0 ? .infinity : y) }
  guard x < 0, y.magnitude < Element(Int.max / 2), y == y.rounded(.towardZero),
    let exponent = wholeNumber(y)
  else { return .nan }
  return .pow(x, exponent)
}

private func wholeNumber<Element: Real>(_ y: Element) -> Int? {
  if let y = y as? Float { return Int(exactly: y) }
  if let y = y as? Double { return Int(exactly: y) }
  return nil
}
