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
    case .sine: .sin(x)
    case .cosine: .cos(x)
    case .errorFunction: .erf(x)
    case .floor: x.rounded(.down)
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

/// C's `pow`: unlike RealModule's, defined for 0⁰ and for a negative base and a whole exponent.
private func realPower<Element: Real>(_ x: Element, _ y: Element) -> Element {
  if y == 0 { return 1 }
  if x.sign == .plus || x.isNaN || y.isNaN { return .pow(x, y) }
  let magnitude = Element.pow(x.magnitude, y)
  if y.truncatingRemainder(dividingBy: 2).magnitude == 1 { return -magnitude }
  let isWhole = y == y.rounded(.towardZero)
  return isWhole || x == 0 || x.isInfinite ? magnitude : .nan
}
