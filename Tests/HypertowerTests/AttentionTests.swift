import OpenCL
import Testing

@testable import Hypertower

/// Blockwise attention and what it sends back, against whole matrices.
@Suite struct AttentionTests {
  /// Sizes of a case; none divides a block of any kernel, or all do.
  struct Sizes: CustomTestStringConvertible {
    let leading: Shape
    let queries: Int
    let keys: Int
    let width: Int
    let depth: Int
    let isCausal: Bool

    var testDescription: String {
      "\(leading) × [\(queries), \(width)] at \(keys), \(depth)" + (isCausal ? ", causal" : "")
    }

    func tensors(_ random: inout SeededRandom) -> [Tensor] {
      [
        random.tensor(leading + [queries, width]), random.tensor(leading + [keys, width]),
        random.tensor(leading + [keys, depth]),
      ]
    }
  }

  private static let sizes = [
    Sizes(leading: [2], queries: 67, keys: 67, width: 5, depth: 5, isCausal: true),
    Sizes(leading: [1, 2], queries: 1, keys: 65, width: 3, depth: 1, isCausal: false),
    Sizes(leading: [], queries: 33, keys: 131, width: 8, depth: 17, isCausal: false),
    Sizes(leading: [], queries: 71, keys: 66, width: 1, depth: 3, isCausal: true),
    Sizes(leading: [], queries: 9, keys: 97, width: 33, depth: 16, isCausal: true),
    Sizes(leading: [], queries: 64, keys: 128, width: 16, depth: 32, isCausal: false),
  ]

  private static func attention(_ tensors: [Tensor], isCausal: Bool) -> Tensor {
    tensors[0].attention(keys: tensors[1], values: tensors[2], isCausal: isCausal)
  }

  /// The attention, and its gradients with random cotangents.
  private static func results(
    _ own: Sizes, _ tensors: [Tensor], _ random: inout SeededRandom,
    attention: ([Tensor], Bool) -> Tensor = AttentionTests.attention
  ) -> [Tensor] {
    let result = attention(tensors, own.isCausal)
    let loss = (result * random.tensor(result.shape)).sum()
    return [result] + gradients(of: loss, withRespectTo: tensors)
  }

  /// The same by products and a softmax of whole matrices.
  private static func composed(_ tensors: [Tensor], isCausal: Bool) -> Tensor {
    let scale = 1 / Double(tensors[0].shape.last!).squareRoot()
    return Attention(scale: scale, isCausal: isCausal).weights(tensors[0], tensors[1])
      .matmul(tensors[2])
  }

  @Test(arguments: TestBackend.all + TestBackend.otherTiles)
  func agree(_ backend: TestBackend) throws {
    var random = SeededRandom(41)
    var cases: [OperationCase] = []
    for own in Self.sizes {
      let results = Self.results(own, own.tensors(&random), &random)
      for (name, tensor) in zip(["means", "of queries", "of keys", "of values"], results) {
        cases.append(OperationCase("\(own.testDescription): \(name)", tensor, .summing))
      }
    }
    try expectAgreement(cases, on: backend)
  }

  /// Without fusion no operand is a view.
  @Test(arguments: TestBackend.native)
  func agreeWithWholeMatrices(_ backend: TestBackend) throws {
    for fuses in [true, false] {
      for own in Self.sizes {
        var random = SeededRandom(42)
        let tensors = own.tensors(&random)
        var other = random
        let blockwise = Self.results(own, tensors, &random)
        let composed = Self.results(own, tensors, &other, attention: Self.composed)
        let expected = try Tensor.evaluate(composed, on: CPUBackend<Double>())
        let values = try Tensor.evaluate(blockwise, on: backend.make(), fuses: fuses)
        for (number, (value, expected)) in zip(values, expected).enumerated() {
          assertClose(
            value.doubles, expected.doubles, .relativeFromOne(backend.isDouble ? 1e-12 : 1e-5),
            "\(own.testDescription), result \(number), on \(backend.name)")
        }
      }
    }
  }

  /// Gradients by central differences, and gradients of gradients.
  @Test func derivatives() throws {
    let shapes: [Shape] = [[1, 3, 2], [1, 66, 2], [1, 66, 1]]
    func attention(_ inputs: [Tensor]) -> Tensor {
      // Inputs of many elements are large.
      Self.attention(inputs.map { $0 * 0.25 }, isCausal: false)
    }
    try GradientCase("blockwise attention", shapes, attention).check(seed: 9)
    try GradientCase("its gradients", shapes) { inputs in
      let own = attention(inputs)
      let all = gradients(of: (own * own).sum(), withRespectTo: inputs)
      return Tensor.stacked(all.map { ($0 * $0).sum() }, axis: 0)
    }.check(seed: 10)
  }

  /// Keys and values that several heads share are read where they lie.
  @Test(arguments: TestBackend.native)
  func sharedKeys(_ backend: TestBackend) throws {
    var random = SeededRandom(43)
    let tensors = [
      random.tensor([2, 3, 5, 4]), random.tensor([2, 1, 70, 4]), random.tensor([70, 6]),
    ]
    let own = Sizes(leading: [], queries: 5, keys: 70, width: 4, depth: 6, isCausal: false)
    var other = random
    let blockwise = Self.results(own, tensors, &random)
    #expect(blockwise[1...].map(\.shape) == tensors.map(\.shape))
    let expected = try Tensor.evaluate(
      Self.results(own, tensors, &other, attention: Self.composed), on: CPUBackend<Double>())
    for (value, expected) in zip(try Tensor.evaluate(blockwise, on: backend.make()), expected) {
      assertClose(
        value.doubles, expected.doubles, .relativeFromOne(backend.isDouble ? 1e-12 : 1e-5),
        backend.name)
    }
  }

  /// Scores whose exponentials overflow, a block of infinities before others, and NaN.
  @Test(arguments: TestBackend.all)
  func extremeScores(_ backend: TestBackend) throws {
    var random = SeededRandom(44)
    let values = random.tensor([70, 2])
    func means(_ scores: [Float]) -> Tensor {
      Tensor([1, 1], shape: [2, 1]).attention(
        keys: Tensor(scores, shape: [scores.count, 1]), values: values)
    }
    let ramp = (0..<70).map { Float($0) * 100 - 3000 }
    let late = (0..<70).map { $0 < 66 ? -Float.infinity : Float($0) / 8 }
    let own = try Tensor.evaluate(
      [
        means(ramp), means(late), means([Float](repeating: -.infinity, count: 70)),
        means(ramp.map { $0 == 0 ? .nan : $0 }),
      ], on: backend.make())
    let all = try values.array().map(Double.init)
    assertClose(
      own[0].doubles, Array(all.suffix(2) + all.suffix(2)), .relative(1e-6), "greatest score")
    let weights = (66..<70).map { Tensor([Float($0) / 8]).exp() }
    let total = weights.dropFirst().reduce(weights[0], +)
    let mean = zip(weights, 66...).map { $0 * values.sliced($1..<$1 + 1, axis: 0) }
      .reduce(Tensor.constant(0), +)
    let expected = try (mean / total).array().map(Double.init)
    assertClose(own[1].doubles, expected + expected, .relative(1e-5), "infinities first")
    #expect((own[2].doubles + own[3].doubles).allSatisfy { $0.isNaN })
  }

  /// In a loop, whose operands lie elsewhere in each pass.
  @Test(arguments: TestBackend.native)
  func inLoops(_ backend: TestBackend) throws {
    var random = SeededRandom(45)
    let (initial, inputs) = (random.tensor([3, 2]), random.tensor([2, 66, 2]))
    func results(_ loop: Bool) -> [Tensor] {
      func pass(_ state: Tensor, _ input: Tensor) -> Tensor {
        state + state.attention(keys: input, values: input)
      }
      let last =
        loop
        ? Tensor.scan([initial], over: [inputs]) { ([pass($0[0], $1[0])], []) }.states[0]
        : (0..<2).reduce(initial) { pass($0, inputs.element($1, axis: 0)) }
      return [last] + gradients(of: (last * last).sum(), withRespectTo: [initial, inputs])
    }
    let expected = try Tensor.evaluate(results(false), on: CPUBackend<Double>())
    for (value, expected) in zip(try Tensor.evaluate(results(true), on: backend.make()), expected) {
      assertClose(
        value.doubles, expected.doubles, .relativeFromOne(backend.isDouble ? 1e-12 : 1e-5),
        backend.name)
    }
  }

  // MARK: Programs

  /// The attention of two heads of a sequence to itself, and a gradient.
  static func selfAttention(_ x: Tensor) -> [Tensor] {
    let mixed = x.selfAttention(heads: 2, isCausal: true)
    return [mixed] + gradients(of: (mixed * mixed).sum(), withRespectTo: [x])
  }

  /// Heads are read out of queries, keys and values that lie side by side, and no matrix of scores is in memory.
  @Test func headsAreNotCopied() {
    var random = SeededRandom(46)
    let time = 72
    let program = Program(computing: Self.selfAttention(random.tensor([2, time, 3 * 4])))
    #expect(program.instructions.count { $0.kind == "attention" } == 1)
    #expect(program.instructions.count { $0.kind == "gradient of attention" } == 1)
    #expect(program.instructions.first?.kind == "attention")
    #expect(program.buffers.allSatisfy { $0.count < time * time })
  }

  /// A step of a causal transformer has no buffer for the weights of a head.
  @Test func transformersKeepNoWeights() throws {
    let context = 256
    let model = GPT(vocabulary: 2, context: context, width: 8, layers: 1, heads: 2)
    let x = Tensor((0..<context).map { Float($0 % 2) }, shape: [1, context])
    let loss = model(x).logSoftmax().sum()
    let parameters = model.parameters.map(\.tensor)
    let program = Program(computing: [loss] + gradients(of: loss, withRespectTo: parameters))
    #expect(program.instructions.contains { $0.kind == "gradient of attention" })
    #expect(program.buffers.allSatisfy { $0.count < context * context })
  }

  /// Masks, few keys and wide heads are products of whole matrices.
  @Test func othersAreWholeMatrices() {
    func kinds(keys: Int, width: Int, mask: Bool = false) -> [String] {
      let zeros = Tensor(repeating: 1, shape: [keys, width]) * Tensor([0.5])
      return Program(computing: [
        zeros.attention(
          keys: zeros, values: zeros, mask: mask ? Tensor([1], shape: [1]) : nil)
      ]).instructions.map(\.kind)
    }
    #expect(kinds(keys: 65, width: 256).contains("attention"))
    #expect(!kinds(keys: 64, width: 16).contains("attention"))
    #expect(!kinds(keys: 65, width: 257).contains("attention"))
    #expect(!kinds(keys: 65, width: 16, mask: true).contains("attention"))
  }

  /// However work is shared, bits are the same.
  @Test func sharesChangeNoBit() throws {
    for device in try OpenCLDevice.all() {
      func bits(_ profile: DeviceProfile, _ change: (inout DeviceProfile) -> Void) throws
        -> [[UInt64]]
      {
        var profile = profile
        change(&profile)
        var random = SeededRandom(47)
        let own = try OpenCLBackend(device, profile: profile)
        return try Tensor.evaluate(Self.selfAttention(random.tensor([3, 70, 3 * 6])), on: own)
          .map { $0.doubles.map(\.bitPattern) }
      }
      for profile in [DeviceProfile.cpu, TestBackend.gpu(on: device)] {
        let one = try bits(profile) { $0.computeUnits = 1 }
        for workers in [2, 7] {
          #expect(try bits(profile) { $0.computeUnits = workers } == one, "\(workers) work-groups")
        }
        // PoCL's compiler takes no phases with barriers.
        if profile.groupSize > 1, TestBackend.isPoCL(device) { continue }
        #expect(try bits(profile) { $0.joinsPhases.toggle() } == one)
      }
    }
  }
}
