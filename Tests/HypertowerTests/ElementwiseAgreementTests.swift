import Hypertower
import Testing

/// Elementwise operations on every backend against the reference.
@Suite struct ElementwiseAgreementTests {
  /// Sizes around those that kernels work in.
  private static let sizes = [
    0, 1, 2, 3, 7, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1031,
  ]

  @Test(arguments: TestBackend.all)
  func anySize(_ backend: TestBackend) throws {
    var random = SeededRandom(1)
    let cases = Self.sizes.map { size -> OperationCase in
      let (x, y) = (random.tensor([size]), random.tensor([size]))
      return OperationCase("[\(size)]", (x * y).tanh(), .elementwise)
    }
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func anyOperation(_ backend: TestBackend) throws {
    var random = SeededRandom(2)
    let shape = [5, 17]
    let (x, y) = (random.tensor(shape), random.tensor(shape))
    let positive = random.tensor(shape, in: 0.01...9)
    var cases = UnaryOperation.allCases.map { operation in
      OperationCase(
        "\(operation)",
        .applying(operation, to: [.logarithm, .squareRoot].contains(operation) ? positive : x),
        [.negate, .relu, .floor].contains(operation) ? .exact : .elementwise)
    }
    cases += BinaryOperation.allCases.map { operation in
      OperationCase(
        "\(operation)", .applying(operation, to: operation == .power ? positive : x, and: y),
        [.less, .equal].contains(operation) ? .exact : .elementwise)
    }
    let labels = Tensor([3, 0, 6, 6, 1], shape: [5])
    cases += [
      OperationCase("select", .select(x.isLess(than: y), x, y), .exact),
      OperationCase("oneHot", labels.oneHot(7), .exact),
      OperationCase("oneHot of a matrix", labels.reshaped([1, 5]).oneHot(7), .exact),
      OperationCase("oneHot of one class", labels.oneHot(1), .exact),
      OperationCase("fill", Tensor(repeating: 0.1, shape: [2, 3]), .elementwise),
      OperationCase("negative fill", Tensor(repeating: -1e-30, shape: [3]), .elementwise),
      OperationCase("infinite fill", Tensor(repeating: .infinity, shape: []), .exact),
      OperationCase("NaN fill", Tensor(repeating: .nan, shape: [1]), .exact),
      OperationCase("x = x", x.isEqual(to: x), .exact),
    ]
    try expectAgreement(cases, on: backend)
  }

  /// Where functions change their ways: signs, overflow, underflow, no number.
  @Test(arguments: TestBackend.all)
  func edgeValues(_ backend: TestBackend) throws {
    let denormal = Float.leastNonzeroMagnitude
    let numbers: [Float] = [
      0, -0.0, 1, -1, 0.5, -0.5, 1e-4, -1e-4, 1e-7, 0x1p-128, -0x1p-128, denormal, -denormal,
      .leastNormalMagnitude, 1e-30, -1e-30, 0.625, 0.9, 4.97, 9.01, 20, -20, 88.7, 88.8, -87.3,
      -88, -100, -103.9, -104.1, 1e10, -1e10, 3e38, -3e38, .greatestFiniteMagnitude, .infinity,
      -.infinity, .nan,
    ]
    let x = Tensor(numbers)
    var cases = UnaryOperation.allCases.filter { $0 != .sigmoid }.map {
      OperationCase("\($0)", .applying($0, to: x), .elementwise)
    }
    // e^−x overflows before the sigmoid does: it is 0 where it should be less than 10⁻³⁸.
    cases.append(OperationCase("sigmoid", x.sigmoid() + 1, .elementwise))
    cases.append(
      OperationCase("sigmoid", Tensor([-80, -20, -1e-6, 0.3, 17]).sigmoid(), .elementwise))
    // Every pair of them.
    let shape = [numbers.count, numbers.count]
    let left = x.reshaped([numbers.count, 1]).broadcast(to: shape)
    let right = x.broadcast(to: shape)
    cases += BinaryOperation.allCases.filter { $0 != .power }.map {
      OperationCase("\($0)", .applying($0, to: left, and: right), .elementwise)
    }
    cases.append(OperationCase("select", .select(left, right, 7), .exact))
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: TestBackend.all)
  func powers(_ backend: TestBackend) throws {
    let bases: [Float] = [
      0, -0.0, 0.5, 1, 2, 10, -1, -2, -0.5, 1e-30, 1e30, .infinity, -.infinity, .nan,
    ]
    let exponents: [Float] = [
      0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 0.3333, 7.5, 38, -38, 1e10, -1e10, 16_777_215,
      .infinity, -.infinity, .nan,
    ]
    let shape = [bases.count, exponents.count]
    let base = Tensor(bases, shape: [bases.count, 1]).broadcast(to: shape)
    try expectAgreement(
      [OperationCase("pow", base.pow(Tensor(exponents)), .elementwise)], on: backend)
  }

  /// NaN and infinities where a select does not choose them leave no trace.
  @Test(arguments: TestBackend.all)
  func whatIsNotChosenHasNoInfluence(_ backend: TestBackend) throws {
    let x = Tensor([-1, 0, 4])
    let root = Tensor.select(x.isLess(than: 0), 0, x.sqrt())
    let quotient = Tensor.select(x.isEqual(to: 0), 5, 1 / x)
    try expectAgreement(
      [OperationCase("root", root, .exact), OperationCase("quotient", quotient, .elementwise)],
      on: backend)
  }
}
