import Hypertower
import Testing

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
/// must come as much closer as its numbers are finer, but for what the reference itself rounds.
func expectAgreement(
  _ cases: [OperationCase], on backend: TestBackend, fuses: Bool = true
) throws {
  let results = try Tensor.evaluate(
    cases.map(\.tensor), on: try backend.make(), fuses: fuses)
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
    assertClose(
      result.doubles, expected.values.map { backend.isDouble ? $0 : Double(Float($0)) }, tolerance,
      "\(own.name) on \(backend.name)")
  }
}
