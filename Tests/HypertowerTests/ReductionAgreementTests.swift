import Hypertower
import Testing

/// Sums, means, maxima and log-softmax on every backend against the reference.
@Suite struct ReductionAgreementTests {
  private static let sizes = [1, 2, 11, 15, 16, 17, 31, 33, 64, 65, 255, 256, 257, 1031]
  private static let subsets: [[Int]] = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]

  @Test(arguments: TestBackend.all)
  func everySubsetOfAxes(_ backend: TestBackend) throws {
    var random = SeededRandom(6)
    var cases: [OperationCase] = []
    for shape in [[5, 17, 33], [3, 1, 16]] {
      let x = random.tensor(shape)
      for axes in Self.subsets {
        cases.append(OperationCase("sum of \(shape) along \(axes)", x.sum(axes), .summing))
        cases.append(OperationCase("max of \(shape) along \(axes)", x.max(axes), .exact))
      }
      for axis in 0..<3 {
        cases.append(OperationCase("argmax of \(shape) along \(axis)", x.argmax(axis), .exact))
      }
    }
    let x = random.tensor([3, 5, 7])
    cases += [
      OperationCase("sum along nothing", x.sum([]), .exact),
      OperationCase("sum of one number", random.tensor([]).sum(), .exact),
      OperationCase("mean", x.mean([0, 2]), .summing),
      OperationCase("mean of all", x.mean(), .summing),
      OperationCase("kept axes", x.sum([1], keepingAxes: true), .summing),
      OperationCase("of four axes", random.tensor([2, 3, 4, 5]).sum([1, 3]), .summing),
    ]
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func anyLength(_ backend: TestBackend) throws {
    var random = SeededRandom(7)
    let cases = Self.sizes.flatMap { size in
      let (rows, columns) = (random.tensor([3, size]), random.tensor([size, 3]))
      return [
        OperationCase("sum of rows of \(size)", rows.sum([1]), .summing),
        OperationCase("sum of columns of \(size)", columns.sum([0]), .summing),
        OperationCase("max of rows of \(size)", rows.max([1]), .exact),
        OperationCase("argmax of rows of \(size)", rows.argmax(1), .exact),
      ]
    }
    try expectAgreement(cases, on: backend)
  }

  /// Terms whose rounding adds up: one after another in float32, 20,000 of them are off by 3e-4. A GPU's lanes
  /// add 79 each, off by at most half a unit in the last place (2⁻²⁴) a term.
  @Test(arguments: TestBackend.openCL + TestBackend.otherProfiles)
  func longSumsKeepTheirDigits(_ backend: TestBackend) throws {
    let count = 20_000
    let x = Tensor([Float](repeating: 0.1, count: 3 * count))
    let sums = try Tensor.evaluate(
      [x.reshaped([count, 3]).sum([0]), x.reshaped([3, count]).sum([1])], on: backend.make())
    for sum in sums {
      let expected = Double(count) * Double(Float(0.1))
      assertClose(
        sum.doubles, [expected, expected, expected], .relative(79 * 0x1p-24), backend.name)
    }
  }

  @Test(arguments: TestBackend.all)
  func nothing(_ backend: TestBackend) throws {
    var random = SeededRandom(8)
    let (rows, none) = (random.tensor([3, 0]), random.tensor([0, 3]))
    try expectAgreement(
      [
        OperationCase("sum of empty rows", rows.sum([1]), .exact),
        OperationCase("max of empty rows", rows.max([1]), .exact),
        OperationCase("sum of empty columns", none.sum([0]), .exact),
        OperationCase("sum of no rows", none.sum([1]), .exact),
        OperationCase("sum of all of nothing", none.sum(), .exact),
      ], on: backend)
  }

  /// Sums of products without elements, which nobody computes.
  @Test(arguments: TestBackend.all)
  func sumsOfEmptyProducts(_ backend: TestBackend) throws {
    var random = SeededRandom(81)
    let product = random.tensor([3, 4]).matmul(random.tensor([4, 0]))
    for fuses in [true, false] {
      try expectAgreement(
        [
          OperationCase("along nothing", product.sum([1]), .exact),
          OperationCase("of its function", (product.tanh() + 1).sum([1]) + 2, .exact),
        ], on: backend, fuses: fuses)
    }
  }

  @Test(arguments: TestBackend.all)
  func tiesAndNumbersThatAreNone(_ backend: TestBackend) throws {
    let inf = Float.infinity
    let short: [[Float]] = [
      [1, 1, 1], [0, -0.0, 0], [1, .nan, 2], [.nan, 1, .nan], [-inf, -inf, -inf], [inf, 1, inf],
      [-inf, .nan, inf], [2, 5, 5],
    ]
    // The same at the ends and in the middle of rows longer than any vector or work-group.
    var random = SeededRandom(9)
    let long: [[Float]] = [0, 1, 16, 63, 64, 130, 256].map { place in
      var row = random.floats(257, in: -1...1)
      row[place] = 5
      row[256] = 5
      row[Swift.max(0, place - 1)] = place % 2 == 0 ? 5 : row[0]
      return row
    }
    let none: [[Float]] = [0, 15, 100, 256].map { place in
      var row = random.floats(257, in: -1...1)
      row[place] = .nan
      row[256] = .nan
      return row
    }
    let empty = [[Float]](repeating: .init(repeating: -inf, count: 257), count: 2)
    var cases: [OperationCase] = []
    for rows in [short, long + none + empty] {
      let x = Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
      cases += [
        OperationCase("max", x.max([1]), .exact),
        OperationCase("argmax", x.argmax(1), .exact),
        OperationCase("max of columns", x.transposed().max([0]), .exact),
        OperationCase("argmax of columns", (x.transposed() * 1).argmax(0), .exact),
        OperationCase("sum", x.sum([1]), .summing),
      ]
    }
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func logSoftmax(_ backend: TestBackend) throws {
    var random = SeededRandom(10)
    var cases = Self.sizes.map { size in
      OperationCase(
        "log-softmax of [5, \(size)]", random.tensor([5, size], in: -9...9).logSoftmax(),
        .logSoftmax)
    }
    cases += [
      OperationCase(
        "of large numbers", Tensor([1000, 1001, 900, -1e30, 3e38, 0], shape: [2, 3]).logSoftmax(),
        .logSoftmax),
      OperationCase("of three axes", random.tensor([2, 3, 17]).logSoftmax(), .logSoftmax),
      OperationCase("of a vector", random.tensor([10]).logSoftmax(), .logSoftmax),
    ]
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func losses(_ backend: TestBackend) throws {
    var random = SeededRandom(11)
    let logits = random.tensor([37, 10], in: -3...3)
    let labels = Tensor((0..<37).map { Float($0 * 7 % 10) })
    let (a, b) = (random.tensor([37, 3]), random.tensor([37, 3]))
    try expectAgreement(
      [
        OperationCase("cross-entropy", logits.crossEntropy(labels), .elementwise),
        OperationCase(
          "negative log-likelihood", logits.logSoftmax().negativeLogLikelihood(labels),
          .elementwise),
        OperationCase("mean squared error", a.meanSquaredError(b), .elementwise),
      ], on: backend)
  }
}
