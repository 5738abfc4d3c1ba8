/// The derivative of `function` at 0 by central differences of sixth order over ±step, ±2·step and
/// ±3·step.
///
/// The error is step⁶ · f⁽⁷⁾ / 140, and from rounding about 2 · |f| · 10⁻¹⁶ / step: with a step of
/// 2⁻⁹ and functions of the order of 1, both stay below 10⁻¹².
func centralDifference(
  step: Double = 0x1p-9, _ function: (Double) throws -> Double
) rethrows -> Double {
  var sum = 0.0
  for (multiple, weight) in [(1.0, 45.0), (2, -9), (3, 1)] {
    let (above, below) = (try function(multiple * step), try function(-multiple * step))
    sum += weight * (above - below)
  }
  return sum / (60 * step)
}
