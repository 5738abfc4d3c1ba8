import Hypertower
import Testing

/// Broadcasts, transposes and reshapes on every backend against the reference: all exact, since
/// they move numbers only.
@Suite struct ViewAgreementTests {
  @Test(arguments: TestBackend.all)
  func broadcasts(_ backend: TestBackend) throws {
    var random = SeededRandom(3)
    let full = [5, 7, 19]
    let shapes: [Shape] = [
      [5, 7, 1], [5, 1, 19], [1, 7, 19], [1, 1, 19], [5, 1, 1], [1, 7, 1], [1, 1, 1], [7, 19],
      [1, 19], [7, 1], [19], [1], [],
    ]
    let x = random.tensor(full)
    var cases = shapes.flatMap { shape in
      let y = random.tensor(shape)
      return [
        OperationCase("\(full) + \(shape)", x + y, .elementwise),
        OperationCase("\(shape) as \(full)", y.broadcast(to: full), .exact),
      ]
    }
    // Both sides stretched, and in four dimensions.
    cases += [
      OperationCase(
        "[5, 1, 3] · [1, 7, 3]", random.tensor([5, 1, 3]) * random.tensor([1, 7, 3]), .elementwise),
      OperationCase(
        "[17, 1] − [1, 13]", random.tensor([17, 1]) - random.tensor([1, 13]), .elementwise),
      OperationCase(
        "four axes", random.tensor([2, 1, 3, 1]) + random.tensor([5, 1, 33]), .elementwise),
      OperationCase("empty", random.tensor([0, 3]) + random.tensor([3]), .exact),
    ]
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func transposes(_ backend: TestBackend) throws {
    var random = SeededRandom(4)
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    let x = random.tensor([3, 5, 17])
    var cases = orders.map { OperationCase("order \($0)", x.transposed($0), .exact) }
    for size in [1, 15, 16, 17, 33] {
      cases.append(
        OperationCase("[\(size), 13]ᵀ", random.tensor([size, 13]).transposed(), .exact))
    }
    cases += [
      OperationCase("four axes", random.tensor([2, 3, 4, 5]).transposed([3, 1, 0, 2]), .exact),
      OperationCase("empty", random.tensor([3, 0]).transposed(), .exact),
      OperationCase(
        "a transpose in a sum", x + random.tensor([17, 5, 3]).transposed(), .elementwise),
    ]
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func reshapes(_ backend: TestBackend) throws {
    var random = SeededRandom(5)
    let x = random.tensor([4, 6, 5])
    let computed = (x * 2).transposed([2, 0, 1])
    let cases = [
      OperationCase("of a leaf", x.reshaped([3, 40]), .exact),
      OperationCase("to one axis", x.reshaped([120]), .exact),
      OperationCase("with axes of 1", x.reshaped([4, 1, 6, 5, 1]), .exact),
      OperationCase("of a transpose", x.transposed([2, 0, 1]).reshaped([10, 12]), .exact),
      OperationCase("of a computed transpose", computed.reshaped([24, 5]), .exact),
      OperationCase(
        "of a reshape of a transpose",
        computed.reshaped([24, 5]).transposed().reshaped([2, 60]).transposed(), .exact),
      OperationCase(
        "of a broadcast", random.tensor([1, 5]).broadcast(to: [3, 5]).reshaped([15]), .exact),
      OperationCase("of one number", random.tensor([]).reshaped([1, 1, 1]), .exact),
      OperationCase("of nothing", random.tensor([0, 3]).reshaped([7, 0]), .exact),
      OperationCase("a leaf itself", x, .exact),
      OperationCase("a leaf, detached", x.detached(), .exact),
      OperationCase("one number", random.tensor([]), .exact),
    ]
    try expectAgreement(cases, on: backend)
  }
}
