import Hypertower
import Testing

/// Matrix products on every backend against the reference.
@Suite struct MatrixProductAgreementTests {
  /// [m, k] · [k, n]: one off the tiles of every schedule, primes, 1, blocks of the sum, and a right
  /// operand that a cache does not hold.
  private static let sizes: [(m: Int, k: Int, n: Int)] = [
    (1, 1, 1), (1, 7, 1), (11, 12, 13), (12, 13, 31), (13, 1, 17), (14, 255, 33), (15, 256, 32),
    (16, 257, 16), (17, 2, 1), (1, 33, 63), (29, 64, 65), (31, 515, 15), (33, 3, 31), (61, 11, 11),
    (15, 512, 560),
  ]

  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func allTranspositions(_ backend: TestBackend) throws {
    var random = SeededRandom(12)
    var cases: [OperationCase] = []
    let transpositions = [(false, false), (true, true), (false, true), (true, false)]
    for (number, (m, k, n)) in Self.sizes.enumerated() {
      for (left, right) in transpositions.some(2, from: 2 * number) {
        let a = random.tensor(left ? [k, m] : [m, k])
        let b = random.tensor(right ? [n, k] : [k, n])
        cases.append(
          OperationCase(
            "[\(m), \(k)]\(left ? "ᵀ" : "") · [\(k), \(n)]\(right ? "ᵀ" : "")",
            a.matmul(b, transposeLeft: left, transposeRight: right), .summing))
      }
    }
    try expectAgreement(cases, on: backend)
  }

  /// So many terms for so few results that they are summed in parts, the last of which is shorter.
  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func parts(_ backend: TestBackend) throws {
    var random = SeededRandom(18)
    let (a, b) = (random.tensor([2600, 9]), random.tensor([2600, 19]))
    let stack = random.tensor([2, 9, 1800])
    try expectAgreement(
      [
        OperationCase("[9, 2600] · [2600, 19]", a.matmul(b, transposeLeft: true), .summing),
        OperationCase(
          "with an epilogue", a.matmul(b, transposeLeft: true) * 2 + random.tensor([19]), .summing),
        OperationCase(
          "of two pairs", stack.matmul(random.tensor([2, 1800, 3])), .summing),
      ], on: backend)
  }

  /// Left operands of which memory has another order, or no copy: slices, windows, heads.
  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func views(_ backend: TestBackend) throws {
    var random = SeededRandom(19)
    let x = random.tensor([4, 6, 10])
    let heads = x.reshaped([4, 6, 2, 5]).transposed([0, 2, 1, 3])
    let windows = x.windows(axes: [1], sizes: [3], strides: [2])
      .transposed([0, 1, 3, 2]).reshaped([4 * 2, 3 * 10])
    let steps = x.transposed([0, 2, 1]).reshaped([40, 6])
    try expectAgreement(
      [
        OperationCase("heads", heads.matmul(random.tensor([4, 2, 5, 7])), .summing),
        OperationCase(
          "heads, transposed",
          heads.matmul(random.tensor([4, 2, 6, 7]), transposeLeft: true), .summing),
        OperationCase("windows", windows.matmul(random.tensor([30, 17])), .summing),
        OperationCase(
          "windows, transposed", windows.matmul(random.tensor([8, 3]), transposeLeft: true),
          .summing),
        OperationCase("another order", steps.matmul(random.tensor([6, 33])), .summing),
        OperationCase(
          "backwards", x.flipped(axis: 2).reshaped([24, 10]).matmul(random.tensor([10, 3])),
          .summing),
        OperationCase(
          "padded windows",
          x.padded(before: 1, after: 1, axis: 1).windows(axes: [1], sizes: [3])
            .transposed([0, 1, 3, 2]).reshaped([4 * 6, 30]).matmul(random.tensor([30, 5])), .summing
        ),
      ], on: backend)
  }

  /// So many pairs that each goes through several works by itself; right operands are packed by squares, and by what
  /// is left of them.
  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func manyPairs(_ backend: TestBackend) throws {
    var random = SeededRandom(20)
    var cases: [OperationCase] = []
    for (rows, inner, columns) in [(6, 32, 48), (9, 17, 37)] {
      let scores = random.tensor([5, 8, rows, inner]).matmul(
        random.tensor([5, 8, columns, inner]), transposeRight: true)
      let scaled = scores / (1 + (scores * scores).sum([3], keepingAxes: true))
      let values = random.tensor([5, 8, columns, 7])
      let name = "40 × [\(rows), \(inner)] · [\(columns), \(inner)]ᵀ"
      cases += [
        OperationCase(name, scores, .summing),
        OperationCase("\(name), scaled by row", scaled.matmul(values), .summing),
        OperationCase(
          "\(name), and a transposed product", scaled.matmul(scores, transposeLeft: true), .summing),
      ]
    }
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func emptySizes(_ backend: TestBackend) throws {
    var random = SeededRandom(13)
    let bias = random.tensor([3])
    try expectAgreement(
      [
        OperationCase("no rows", random.tensor([0, 5]).matmul(random.tensor([5, 3])), .exact),
        OperationCase("no columns", random.tensor([2, 5]).matmul(random.tensor([5, 0])), .exact),
        OperationCase("no terms", random.tensor([2, 0]).matmul(random.tensor([0, 3])), .exact),
        OperationCase(
          "no terms, transposed",
          random.tensor([0, 2]).matmul(
            random.tensor([3, 0]), transposeLeft: true, transposeRight: true), .exact),
        OperationCase(
          "no terms and a bias", random.tensor([2, 0]).matmul(random.tensor([0, 3])) + bias, .exact),
      ], on: backend)
  }

  /// Operands that are views, and elementwise work on the result, which kernels do on the way out.
  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func operandsAndEpilogues(_ backend: TestBackend) throws {
    var random = SeededRandom(14)
    let (a, b) = (random.tensor([19, 23]), random.tensor([23, 33]))
    let product = a.matmul(b)
    let (row, column) = (random.tensor([33]), random.tensor([19, 1]))
    let full = random.tensor([19, 33])
    let cube = random.tensor([2, 3, 7])
    let cases = [
      OperationCase("+ row", product + row, .summing),
      OperationCase("+ column", product + column, .summing),
      OperationCase("· matrix", product * full, .summing),
      OperationCase("· transpose", product * random.tensor([33, 19]).transposed(), .summing),
      OperationCase("tanh(product + row)", (product + row).tanh(), .summing),
      OperationCase("used twice", product.relu() - product * 0.5, .summing),
      OperationCase("transposed", product.transposed() + column.reshaped([19]), .summing),
      OperationCase("operand transposed", b.transposed().matmul(a.transposed()), .summing),
      OperationCase("operand computed", (a * 2).matmul((b + 1).tanh()), .summing),
      OperationCase("operand by itself", a.matmul(a, transposeRight: true), .summing),
      OperationCase(
        "operand reshaped",
        cube.transposed([1, 0, 2]).reshaped([6, 7]).matmul(random.tensor([7, 5])),
        .summing),
      OperationCase(
        "operand broadcast",
        random.tensor([1, 23]).broadcast(to: [4, 23]).matmul(b), .summing),
      OperationCase("a chain", a.matmul(b).matmul(full, transposeRight: true), .summing),
      // So many rows are cut into blocks; a cache holds the first right operand, but not in whole tiles.
      OperationCase(
        "a chain, block by block",
        random.tensor([70, 2001]).matmul(random.tensor([2001, 129])).tanh()
          .matmul(random.tensor([129, 5])), .summing),
      OperationCase("softmax of it", (product + row).logSoftmax(), .logSoftmax),
    ]
    try expectAgreement(cases, on: backend)
  }
}
