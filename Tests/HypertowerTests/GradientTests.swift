import Hypertower
import Testing

/// The vector–Jacobian product of every operation against central differences in float64.
@Suite struct GradientTests {
  @Test func elementwise() throws {
    let shape = [3, 5]
    var cases = UnaryOperation.allCases.map { operation in
      GradientCase(
        "\(operation)", [shape], positive: [.logarithm, .squareRoot].contains(operation)
      ) { .applying(operation, to: $0[0]) }
    }
    // Between the numbers of the other side, so that comparisons stay as they are.
    cases += BinaryOperation.allCases.map { operation in
      GradientCase(
        "\(operation)", [shape, shape], positive: [.power, .divide].contains(operation)
      ) { .applying(operation, to: $0[0], and: $0[1] + 1 / 32) }
    }
    cases += [
      GradientCase("select", [shape, shape]) { .select($0[0].isLess(than: 0), $0[1], $0[0]) },
      GradientCase("one operand twice", [shape]) { $0[0] * $0[0] + $0[0] },
      GradientCase("one power of itself", [shape], positive: true) { $0[0].pow($0[0]) },
      GradientCase("a square by pow", [shape]) { $0[0].pow(2) },
      GradientCase("detached", [shape]) { $0[0] * ($0[0] - $0[0]).detached() },
      GradientCase("a deep chain", [shape]) {
        ($0[0].tanh() + 1.5).log().sigmoid().exp().sqrt()
      },
    ]
    try check(cases, seed: 1)
  }

  /// What a condition masks has no derivative, also where the other side's is infinite.
  @Test func maskedElementsSendNothingBack() throws {
    let x = Tensor([-1, 4], shape: [2])
    let masked = Tensor.select(Tensor.constant(0).isLess(than: x), x, 0)
    let gradient = gradients(of: masked.log().sum(), withRespectTo: [x])[0]
    #expect(try gradient.array() == [0, 0.25])
  }

  @Test func views() throws {
    try check(
      [
        GradientCase("broadcast row", [[4, 3], [3]]) { $0[0] * $0[1] },
        GradientCase("broadcast column", [[4, 3], [4, 1]]) { $0[0] * $0[1] },
        GradientCase("broadcast number", [[4, 3], []]) { $0[0] * $0[1] },
        GradientCase("both broadcast", [[4, 1], [1, 3]]) { $0[0] / ($0[1] + 4) },
        GradientCase("broadcast in the middle", [[2, 1, 3], [5, 1]]) { $0[0] * $0[1] },
        GradientCase("transpose", [[2, 3, 4]]) { $0[0].transposed([2, 0, 1]).tanh() },
        GradientCase("reshape", [[2, 6]]) { $0[0].reshaped([3, 4]).tanh() },
        GradientCase("reshape of a transpose", [[2, 3, 4]]) {
          $0[0].transposed([1, 0, 2]).reshaped([4, 6]).transposed() * 2
        },
        GradientCase("slice", [[5, 4]]) { $0[0].sliced(1..<5, axis: 0, step: 2).tanh() },
        GradientCase("flip", [[5, 4]]) { $0[0].flipped(axis: 1).tanh() },
        GradientCase("padding", [[5, 4]]) {
          $0[0].padded(before: 2, after: -1, axis: 0, value: 3).tanh()
        },
        GradientCase("element", [[5, 4]]) { $0[0].element(2, axis: 0).tanh() },
        GradientCase("concatenation", [[2, 3], [2, 1]]) {
          Tensor.concatenated([$0[0], $0[1], $0[0]], axis: 1).tanh()
        },
        GradientCase("stack", [[2, 3], [2, 3]]) { Tensor.stacked($0, axis: 1).tanh() },
        GradientCase("cumulative sum", [[2, 5]]) { $0[0].cumulativeSum(axis: 1).tanh() },
        GradientCase("windows", [[2, 9]]) {
          $0[0].windows(
            axes: [1], sizes: [3], strides: [2], padding: [(1, 2)], dilations: [2]
          ).tanh()
        },
        GradientCase("windows over two axes", [[5, 6]]) {
          $0[0].windows(
            axes: [0, 1], sizes: [2, 3], strides: [2, 1], padding: [(1, 0), (0, 2)]
          ).tanh()
        },
        GradientCase("windows of windows", [[7]]) {
          let once = $0[0].windows(axes: [0], sizes: [3], strides: [2])
          return once.windows(axes: [0], sizes: [2], padding: [(1, 0)]).tanh()
        },
        GradientCase("size 1", [[1], [1, 1]]) { $0[0].tanh() * $0[1] },
        GradientCase("one number", [[]]) { $0[0].exp() },
      ], seed: 2)
  }

  @Test func folds() throws {
    let subsets: [[Int]] = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]
    var cases = subsets.flatMap { axes in
      [
        GradientCase("sum along \(axes)", [[2, 3, 4]]) { $0[0].sum(axes).tanh() },
        GradientCase("max along \(axes)", [[2, 3, 4]]) { $0[0].max(axes).exp() },
        GradientCase("mean along \(axes), kept", [[2, 3, 4]]) {
          $0[0] * $0[0].mean(axes, keepingAxes: true)
        },
      ]
    }
    cases += [
      GradientCase("argmax", [[3, 4]]) { $0[0].argmax(1, keepingAxes: true) * $0[0] },
      GradientCase("log-softmax", [[3, 5]]) { $0[0].logSoftmax() },
      GradientCase("log-softmax of a column", [[3, 1]]) { $0[0].logSoftmax() },
      GradientCase("normalized rows", [[3, 5]]) { inputs in
        let x = inputs[0]
        let centred = x - x.mean([1], keepingAxes: true)
        return centred / ((centred * centred).mean([1], keepingAxes: true) + 0.25).sqrt()
      },
    ]
    try check(cases, seed: 3)
  }

  @Test func products() throws {
    var cases: [GradientCase] = []
    for (m, k, n) in [(3, 4, 2), (1, 5, 1), (13, 7, 17)] {
      for (left, right) in [(false, false), (false, true), (true, false), (true, true)] {
        cases.append(
          GradientCase(
            "[\(m), \(k)] · [\(k), \(n)], transposed \(left), \(right)",
            [left ? [k, m] : [m, k], right ? [n, k] : [k, n]]
          ) { $0[0].matmul($0[1], transposeLeft: left, transposeRight: right).tanh() })
      }
    }
    for (own, other) in [([3], [3]), ([2, 3], [1]), ([1, 2], [3, 1]), ([2], [])] {
      for (left, right) in [(false, false), (true, true)] {
        cases.append(
          GradientCase(
            "\(own) matrices by \(other), transposed \(left), \(right)",
            [own + (left ? [5, 2] : [2, 5]), other + (right ? [3, 5] : [5, 3])]
          ) { $0[0].matmul($0[1], transposeLeft: left, transposeRight: right).tanh() })
      }
    }
    cases += [
      GradientCase("a matrix by itself", [[3, 3]]) { $0[0].matmul($0[0]) },
      GradientCase("a matrix by its transpose", [[3, 4]]) { $0[0].matmul($0[0].transposed()) },
      GradientCase("two layers", [[5, 3], [3, 4], [4], [4, 2]]) {
        ($0[0].matmul($0[1]) + $0[2]).tanh().matmul($0[3])
      },
    ]
    try check(cases, seed: 4)
  }

  @Test func losses() throws {
    let labels = Tensor([2, 0, 1, 1])
    let targets = Tensor((0..<12).map { Float($0) / 8 }, shape: [4, 3])
    try check(
      [
        GradientCase("negative log-likelihood", [[4, 3]]) { $0[0].negativeLogLikelihood(labels) },
        GradientCase("cross-entropy", [[4, 3]]) { $0[0].crossEntropy(labels) },
        GradientCase("mean squared error", [[4, 3]]) { $0[0].meanSquaredError(targets) },
        GradientCase("cross-entropy of all kinds", [[2, 2, 3]]) {
          $0[0].crossEntropy(
            Tensor([2, -1, 0, 1], shape: [2, 2]), labelSmoothing: 0.25, ignoredIndex: -1,
            classWeights: Tensor([0.5, 2, 1]))
        },
        GradientCase("binary cross-entropy", [[4, 3], [4, 3]]) { $0[0].binaryCrossEntropy($0[1]) },
        GradientCase("mean absolute error", [[4, 3]]) { $0[0].meanAbsoluteError(targets + 1 / 64) },
        GradientCase("Huber's loss", [[4, 3]]) {
          $0[0].huberLoss(targets + 1 / 64, delta: 0.25)
        },
        GradientCase("hinge loss", [[4, 3]]) { ($0[0] * 8).hingeLoss(targets + 1 / 64) },
        GradientCase("mean squared error, both sides", [[4, 3], [4, 3]]) {
          $0[0].tanh().meanSquaredError($0[1])
        },
      ], seed: 5)
  }

  @Test func functions() throws {
    let shape = [3, 5]
    var cases = Activation.allCases.map { activation in
      GradientCase("\(activation)", [shape]) { activation($0[0]) }
    }
    cases += [
      GradientCase("maximum", [shape, shape]) { $0[0].maximum($0[1] + 1 / 32) },
      GradientCase("minimum", [shape, shape]) { $0[0].minimum($0[1] + 1 / 32) },
      GradientCase("clamp", [shape]) { $0[0].clamped(from: -0.25, to: 0.25) * $0[0] },
      GradientCase("magnitude", [shape]) { $0[0].magnitude * $0[0] },
      GradientCase("log of one plus", [shape], positive: true) { $0[0].logOnePlus() },
      GradientCase("softmax", [[2, 3, 4]]) { $0[0].softmax(axis: 1) },
      GradientCase("log-sum-exp", [[2, 3, 4]]) { $0[0].logSumExp([0, 2]) },
      GradientCase("least", [[2, 3, 4]]) { $0[0].min([1]) * $0[0].sum([1]) },
      GradientCase("variance", [[2, 3, 4]]) { $0[0].variance([0, 2]).sqrt() },
      GradientCase("product of elements", [[2, 5, 3]]) { $0[0].product([1]) },
    ]
    try check(cases, seed: 7)
  }

  @Test func convolutions() throws {
    try check(
      [
        GradientCase("convolution", [[2, 2, 5, 7], [4, 1, 3, 2], [4]]) {
          $0[0].convolution(
            $0[1], bias: $0[2], strides: [2, 1], padding: [1, 0], dilations: [1, 2], groups: 2
          ).tanh()
        },
        GradientCase("transposed convolution", [[2, 2, 3, 2], [2, 2, 3, 2]]) {
          $0[0].transposedConvolution(
            $0[1], strides: [2, 1], padding: [1, 0], outputPadding: [1, 0], dilations: [1, 2],
            groups: 2
          ).tanh()
        },
        GradientCase("max pooling", [[2, 5, 5]]) { MaxPool2D(3, stride: 2, padding: 1)($0[0]) },
        GradientCase("attention", [[2, 3, 4], [2, 3, 4], [2, 3, 2]]) {
          $0[0].attention(keys: $0[1], values: $0[2], isCausal: true)
        },
      ], seed: 8)
  }

  /// Gradients are on a tape themselves: their own gradients.
  @Test func secondOrder() throws {
    func second(_ name: String, _ shape: Shape, _ function: @escaping (Tensor) -> Tensor)
      -> GradientCase
    {
      GradientCase("second order, \(name)", [shape], positive: true) { inputs in
        gradients(of: function(inputs[0]).sum(), withRespectTo: inputs)[0]
      }
    }
    try check(
      [
        second("exp", [4]) { $0.exp() },
        second("tanh", [4]) { $0.tanh() },
        second("sigmoid", [4]) { $0.sigmoid() },
        second("log", [4]) { $0.log() },
        second("sqrt", [4]) { $0.sqrt() },
        second("quotient", [4]) { 1 / ($0 * $0) },
        second("power", [4]) { $0.pow(3) },
        second("log-softmax", [3, 4]) { $0.logSoftmax() * $0 },
        second("windows", [7]) {
          ($0.windows(axes: [0], sizes: [3], strides: [2], padding: [(1, 1)]) * 0.5).tanh()
        },
        second("sine", [4]) { $0.sin() * $0.cos() },
        second("error function", [4]) { $0.erf() },
        second("matrices", [2, 3, 3]) { $0.matmul($0).tanh() },
        second("product", [3, 3]) { $0.matmul($0).tanh() },
        second("softplus", [4]) { $0.softplus() },
        second("gelu", [4]) { $0.gelu() },
        second("softmax", [3, 4]) { $0.softmax() },
        second("convolution", [1, 1, 5]) { $0.convolution($0.sliced(0..<3, axis: 2)).tanh() },
        second("transposed convolution", [1, 1, 4]) {
          $0.transposedConvolution($0.sliced(0..<3, axis: 2), strides: [2]).tanh()
        },
        second("maximum", [3, 3]) { $0.max([1]) * $0.sum([1]) },
      ], seed: 6)
  }

  /// A tensor that returns to its own tape through another one is still the same.
  @Test func identityOnOtherTapes() throws {
    try GradientCase("by way of another tape", [[3]]) { inputs in
      let there = Tensor.constant(3) * inputs[0]
      return inputs[0].tanh().exp() * inputs[0] + there * there
    }.check(seed: 9)
  }

  /// What derivatives are where there is none.
  @Test(arguments: TestBackend.native)
  func conventions(_ backend: TestBackend) throws {
    func gradient(_ values: [Float], _ function: (Tensor) -> Tensor) -> Tensor {
      let x = Tensor(values)
      return gradients(of: function(x).sum(), withRespectTo: [x])[0]
    }
    let cases: [(name: String, gradient: Tensor, expected: [Double])] = [
      ("relu at 0", gradient([-1, 0, -0.0, 2]) { $0.relu() }, [0, 0, 0, 1]),
      ("sqrt at 0", gradient([0, 4]) { $0.sqrt() }, [0, 0.25]),
      ("equal maxima share", gradient([3, 1, 3, 3]) { $0.max() }, [1, 0, 1, 1].map { $0 / 3 }),
      ("pow at base 0", gradient([0, 2]) { $0.pow(2) }, [0, 4]),
      ("pow of exponent 0 at 0", gradient([0, 2]) { $0.pow(0) }, [0, 0]),
      ("exponent of base 0", gradient([1, 2]) { Tensor([0, 0]).pow($0) }, [0, 0]),
      ("comparisons", gradient([1, 2]) { $0.isLess(than: 1.5) * $0 }, [1, 0]),
      ("argmax", gradient([1, 2]) { $0.argmax(0) }, [0, 0]),
      ("detached", gradient([1, 2]) { $0.detached() * $0 }, [1, 2]),
      ("not depended on", gradient([1, 2]) { _ in Tensor([5]) }, [0, 0]),
      ("the loss itself", gradient([7]) { $0 }, [1]),
    ]
    let results = try Tensor.evaluate(cases.map(\.gradient), on: try backend.make())
    for (own, result) in zip(cases, results) {
      assertClose(result.doubles, own.expected, .relative(1e-6), "\(own.name), \(backend.name)")
    }
  }

  private func check(_ cases: [GradientCase], seed: UInt64) throws {
    for (number, own) in cases.enumerated() { try own.check(seed: seed << 32 + UInt64(number)) }
  }
}
