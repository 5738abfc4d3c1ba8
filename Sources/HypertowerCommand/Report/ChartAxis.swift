import Glibc

/// The range of an axis, and the round numbers that are marked on it.
struct ChartAxis {
  let range: ClosedRange<Double>
  let ticks: [Double]
  private let isLogarithmic: Bool
  /// How many significant digits numbers have.
  private let digits: Int

  private static let ticksWanted = 5.0

  /// - Parameters:
  ///   - values: finite, at least one; above 0 on a logarithmic axis.
  ///   - isTight: whether the range ends at the values, not at marked numbers.
  init(_ values: [Double], isLogarithmic: Bool, isTight: Bool) {
    self.isLogarithmic = isLogarithmic
    var (least, greatest) = (values.min()!, values.max()!)
    guard !isLogarithmic else {
      digits = 0
      let (low, high) = (floor(log10(least)), max(ceil(log10(greatest)), floor(log10(least)) + 1))
      let step = max(1, ((high - low) / Self.ticksWanted).rounded(.up))
      range = low...high
      ticks = stride(from: low, through: high, by: step).map { pow(10, $0) }
      return
    }
    if greatest == least {
      // Equal values lie in the middle of an axis of some extent.
      let extent = least == 0 ? 1 : max(abs(least) / 10, 1e-300)
      (least, greatest) = (least - extent, greatest + extent)
    }
    let step = Self.roundStep((greatest - least) / Self.ticksWanted)
    // As many as tell neighbours apart, and one more for steps of 2.5.
    digits = max(5, Int(log10(max(abs(least), abs(greatest)) / step).rounded(.up)) + 2)
    let low = (least / step).rounded(.down)
    let high = max((greatest / step).rounded(.up), low + 1)
    let all = (0...Int(min(high - low, 100))).map { (low + Double($0)) * step }
    range = isTight ? least...greatest : all[0]...all[all.count - 1]
    ticks = all.filter(range.contains)
  }

  /// The least of 1, 2, 2.5 and 5 times a power of ten that is not less than `wanted`.
  private static func roundStep(_ wanted: Double) -> Double {
    let power = pow(10, floor(log10(wanted)))
    return ([1, 2, 2.5, 5].first { $0 * power >= wanted * 0.999 } ?? 10) * power
  }

  /// Where a value lies, from 0 to 1.
  func place(_ value: Double) -> Double {
    ((isLogarithmic ? log10(value) : value) - range.lowerBound)
      / (range.upperBound - range.lowerBound)
  }

  func text(_ tick: Double) -> String {
    isLogarithmic
      ? "10" + Self.superscript(Int(log10(tick).rounded())) : formatted("%.\(digits)g", tick)
  }

  private static func superscript(_ number: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return String(
      String(number).map { $0 == "-" ? "⁻" : digits[$0.wholeNumberValue!] })
  }
}
