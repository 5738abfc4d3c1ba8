/// A small seeded generator (S. Vigna's SplitMix64), so that failures repeat.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func double(in range: ClosedRange<Double>) -> Double {
    let unit = Double(next() >> 11) * 0x1p-53
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  mutating func single(in range: ClosedRange<Double>) -> Float { Float(double(in: range)) }

  /// A number with a random significand and a random power of two.
  mutating func single(exponents: ClosedRange<Int>) -> Float {
    let exponent = exponents.lowerBound + below(exponents.count)
    return Float(sign: .plus, exponent: exponent, significand: Float(double(in: 1...1.999)))
  }
}
