import RealModule

extension HyperparameterDomain {
  /// The shortest decimal text that is stored as the same raw number as `natural`.
  ///
  /// Where `natural` comes from a raw number in single precision, a text is good enough if it
  /// gives that number in single precision: such texts are shorter. Saturated values, such as a
  /// decay rounded to 1, give the nearest number that can be read.
  package func text(for natural: Double) -> String {
    let natural = clamped(natural)
    for digits in 1...9 {
      let value = rounded(natural, toDigits: digits)
      if contains(value), stores(natural, sameAs: value) { return shortText(value) }
    }
    return shortText(natural)
  }

  /// The nearest number of that many significant decimal digits, or about that.
  private func rounded(_ value: Double, toDigits digits: Int) -> Double {
    guard value != 0, value.isFinite else { return value }
    let exponent = digits - 1 - Int(Double.log10(value.magnitude).rounded(.down))
    let scale = Double.pow(10, Double(exponent.magnitude))
    guard scale.isFinite else { return value }
    let mantissa = (exponent >= 0 ? value * scale : value / scale).rounded()
    // Read as text is, to the last bit.
    return Double("\(Int(mantissa))e\(-exponent)") ?? value
  }

  /// Whether two natural values are stored as one raw number, `a` in the precision it came from.
  package func stores(_ a: Double, sameAs b: Double) -> Bool {
    if a == b { return true }
    let single = Double(Float(raw(a)))
    if self.natural(single) == a { return Double(Float(raw(b))) == single }
    // A Double that was stored and read back may differ in its last digits.
    return self.natural(raw(b)) == a
  }

  private func clamped(_ natural: Double) -> Double {
    switch self {
    case .real: natural
    case .unitInterval: min(natural, 1.0.nextDown)
    case .powerOfTen: min(max(natural, .leastNonzeroMagnitude), .greatestFiniteMagnitude)
    case .square: min(natural, .greatestFiniteMagnitude)
    }
  }
}

/// The shortest decimal text of a number, without the `.0` and the padded exponents of Swift's.
package func shortText(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
  var text = String(value)
  if text.hasSuffix(".0") { text.removeLast(2) }
  guard let exponent = text.firstIndex(of: "e") else { return text }
  let sign = text[text.index(after: exponent)] == "-" ? "-" : ""
  let digits = text[text.index(after: exponent)...].drop { "+-0".contains($0) }
  var mantissa = text[..<exponent]
  if mantissa.hasSuffix(".0") { mantissa = mantissa.dropLast(2) }
  return "\(mantissa)e\(sign)\(digits)"
}
