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
  func accesses(_ backend: TestBackend) throws {
    var random = SeededRandom(8)
    let x = random.tensor([3, 7, 37])
    let computed = (x * 2).transposed([1, 0, 2])
    var cases: [OperationCase] = []
    for axis in 0..<3 {
      cases += [
        OperationCase("slice of axis \(axis)", x.sliced(1..<3, axis: axis), .exact),
        OperationCase(
          "every second of axis \(axis)", computed.sliced(1..<3, axis: axis, step: 2), .exact),
        OperationCase("flip of axis \(axis)", computed.flipped(axis: axis), .exact),
        OperationCase("axis \(axis) padded", x.padded(before: 2, after: 17, axis: axis), .exact),
        OperationCase(
          "axis \(axis) padded by infinity",
          (x + 1).padded(before: 1, after: 2, axis: axis, value: -.infinity), .elementwise),
        OperationCase(
          "axis \(axis) cut and padded", x.padded(before: -1, after: 3, axis: axis), .exact),
        OperationCase(
          "concatenation along \(axis)",
          .concatenated([x, x.sliced(0..<1, axis: axis), -x], axis: axis), .exact),
        OperationCase("element of axis \(axis)", x.element(2, axis: axis), .exact),
        OperationCase("stack along \(axis)", .stacked([x, x * 2], axis: axis), .exact),
        OperationCase("cumulative sum along \(axis)", x.cumulativeSum(axis: axis), .summing),
        OperationCase(
          "a flip of a flip of axis \(axis)", x.flipped(axis: axis).flipped(axis: axis), .exact),
      ]
    }
    // Of whole vectors, and of vectors that two parts share or that lie outside one.
    for widths in [[16, 48, 32], [20, 40, 17], [31, 18, 15], [64, 3]] {
      let parts = widths.map { random.tensor([3, $0]) }
      cases.append(
        OperationCase("widths \(widths) side by side", .concatenated(parts, axis: 1), .exact))
    }
    // An epilogue reads them as they are.
    let (left, right, added) = (
      random.tensor([7, 5]), random.tensor([5, 37]), random.tensor([7, 37])
    )
    for axis in 0..<2 {
      cases += [
        OperationCase(
          "a product and a flip of axis \(axis)", left.matmul(right) + added.flipped(axis: axis),
          .summing),
        OperationCase(
          "a product and a flip of axis \(axis) of what was computed",
          left.matmul(right)
            + added.matmul(right, transposeRight: true).matmul(right)
            .flipped(axis: axis), .summing),
      ]
    }
    let image = random.tensor([2, 3, 11, 20])
    for (size, stride, padding, dilation) in [
      (3, 1, 1, 1), (3, 2, 0, 1), (2, 3, 1, 2), (5, 1, 2, 2),
    ] {
      let windows = image.windows(
        axes: [2, 3], sizes: [size, size], strides: [stride, stride],
        padding: [(padding, padding), (padding, padding)], dilations: [dilation, dilation])
      let name = "windows of \(size) by \(stride), padding \(padding), dilation \(dilation)"
      let weights = random.tensor(windows.shape)
      let back = gradients(of: (windows * weights).sum(), withRespectTo: [image])[0]
      cases += [
        OperationCase(name, windows, .exact),
        OperationCase(name + ", added up", windows.sum([4, 5]), .summing),
        OperationCase(name + ", the greatest", windows.max([4, 5]), .exact),
        OperationCase(
          name + ", as rows",
          windows.transposed([0, 2, 3, 1, 4, 5]).reshaped(
            [-1, 3 * size * size].map {
              $0 < 0 ? windows.shape.elementCount / (3 * size * size) : $0
            }), .exact),
        OperationCase(name + ", sent back", back, .summing),
      ]
    }
    try expectAgreement(cases, on: backend)
    try expectAgreement(cases, on: backend, fuses: false)
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
