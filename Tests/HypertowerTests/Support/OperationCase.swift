import OpenCL
import Testing

@testable import Hypertower

/// A tensor to evaluate, and how close a backend must come to the reference.
struct OperationCase {
  /// What the project promises of a group of operations in float32.
  enum Promise {
    /// Operations that move or choose numbers: no rounding at all.
    case exact
    /// 1e-5 relative.
    case elementwise
    /// 1e-5 · max(1, |value|).
    case logSoftmax
    /// 2 · n · ε · Σ|a|, or 2 · k · ε · Σ|a||b|: four times the reference's bound, which counts
    /// half an ε for each term.
    case summing
  }

  let name: String
  let tensor: Tensor
  let promise: Promise

  init(_ name: String, _ tensor: Tensor, _ promise: Promise) {
    self.name = name
    self.tensor = tensor
    self.promise = promise
  }
}

/// Expects all `cases`, evaluated as one program on `backend`, to agree with the reference; float64
/// must come as much closer as its numbers are finer, except for what the reference itself rounds.
///
/// A device that does not report `CL_FP_DENORM` may give exactly 0 for a denormal number (OpenCL C
/// 1.2, 7.5.3), and only such a device.
func expectAgreement(
  _ cases: [OperationCase], on backend: TestBackend, fuses: Bool = true
) throws {
  let device = try backend.make()
  let flushesDenormals =
    (device as? OpenCLBackend).map { !$0.context.device.keepsDenormals } ?? false
  let results = try Tensor.evaluate(cases.map(\.tensor), on: device, fuses: fuses)
  let reference = ReferenceEvaluator()
  for (own, result) in zip(cases, results) {
    let expected = reference(own.tensor)
    let tolerance: Tolerance =
      switch own.promise {
      case .exact: .exact
      case .elementwise: .relative(backend.isDouble ? 1e-13 : 1e-5)
      case .logSoftmax: .relativeFromOne(backend.isDouble ? 1e-13 : 1e-5)
      case .summing: .each(expected.errors.map { $0 * (backend.isDouble ? 0x1p-27 : 4) })
      }
    let values = expected.values.map { backend.isDouble ? $0 : Double(Float($0)) }
    let actual = result.doubles.enumerated().map { index, value in
      let isFlushed = flushesDenormals && value == 0 && Float(values[index]).isSubnormal
      return isFlushed ? values[index] : value
    }
    assertClose(actual, values, tolerance, "\(own.name) on \(backend.name)")
  }
}
