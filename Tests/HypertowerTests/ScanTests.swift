import Testing

@testable import Hypertower

/// Loops against the same passes written out one after another.
@Suite struct ScanTests {
  /// States, inputs and what a pass makes of them, with tensors that are the same in all passes.
  struct Case {
    let name: String
    let initial: [Shape]
    let inputs: [Shape]
    let captures: [Shape]
    let step: ([Tensor], [Tensor], [Tensor]) -> (states: [Tensor], outputs: [Tensor])
  }

  static var cases: [Case] {
    [
      Case(name: "running sum", initial: [[3]], inputs: [[5, 3]], captures: []) {
        states, inputs, _ in
        ([states[0] + inputs[0]], [states[0] * inputs[0]])
      },
      Case(name: "a cell", initial: [[2, 4]], inputs: [[6, 2, 4]], captures: [[4, 4], [4]]) {
        states, inputs, captures in
        let next = (states[0].matmul(captures[0], transposeRight: true) + inputs[0] + captures[1])
          .tanh()
        return ([next], [next])
      },
      Case(
        name: "two states and two inputs", initial: [[2, 17], [2, 1]],
        inputs: [[4, 2, 17], [4, 1]], captures: [[17, 17], [2, 17]]
      ) { states, inputs, captures in
        let product = states[0].matmul(captures[0])
        let gate = (product * inputs[1] + inputs[0]).sigmoid()
        let next = gate * states[0] + (1 - gate) * captures[1].tanh()
        let sum = states[1] + next.sum([1], keepingAxes: true) * 0.1
        return ([next, sum], [product * 0.5, sum, next.sliced(3..<9, axis: 1)])
      },
      Case(name: "one pass", initial: [[3]], inputs: [[1, 3]], captures: [[3]]) {
        states, inputs, captures in
        ([states[0] * captures[0]], [inputs[0] * captures[0] + states[0]])
      },
      Case(name: "a state that stays", initial: [[2], [2]], inputs: [[3, 2]], captures: []) {
        states, inputs, _ in
        ([states[0], states[1] * inputs[0]], [states[0] + states[1]])
      },
      gates(of: 16), gates(of: 20), mixedRows,
    ]
  }

  /// A pass in which each row needs all others.
  static var mixedRows: Case {
    Case(
      name: "mixed rows", initial: [[35, 18]], inputs: [[3, 35, 18]], captures: [[35, 35]]
    ) { states, inputs, captures in
      let next = (captures[0].matmul(states[0]) * 0.1 + inputs[0]).tanh()
      return ([next], [next.flipped(axis: 0)])
    }
  }

  /// A pass like that of an LSTM, of so many rows that work-groups take blocks of them through all passes.
  static func gates(of hidden: Int) -> Case {
    Case(
      name: "gates of \(hidden)", initial: [[35, hidden], [35, hidden]],
      inputs: [[3, 35, 4 * hidden]], captures: [[hidden, 4 * hidden]]
    ) { states, inputs, captures in
      let sums = states[0].matmul(captures[0]) + inputs[0]
      func gate(_ number: Int) -> Tensor {
        sums.sliced(number * hidden..<(number + 1) * hidden, axis: 1)
      }
      let c = gate(1).sigmoid() * states[1] + gate(0).sigmoid() * gate(2).tanh()
      let h = gate(3).sigmoid() * c.tanh()
      return ([h, c], [h])
    }
  }

  /// All results of the loop, or of passes written out.
  static func results(
    _ own: Case, _ tensors: [Tensor], isReversed: Bool, unrolled: Bool
  ) -> [Tensor] {
    let initial = Array(tensors.prefix(own.initial.count))
    let inputs = Array(tensors.dropFirst(own.initial.count).prefix(own.inputs.count))
    let captures = Array(tensors.suffix(own.captures.count))
    guard unrolled else {
      let (states, outputs) = Tensor.scan(initial, over: inputs, isReversed: isReversed) {
        own.step($0, $1, captures)
      }
      return states + outputs
    }
    var states = initial
    var outputs: [[Tensor]] = []
    let count = own.inputs[0][0]
    for pass in 0..<count {
      let place = isReversed ? count - 1 - pass : pass
      let result = own.step(states, inputs.map { $0.element(place, axis: 0) }, captures)
      states = result.states
      outputs.append(result.outputs)
    }
    if isReversed { outputs.reverse() }
    return states
      + outputs[0].indices.map { k in .stacked(outputs.map { $0[k] }, axis: 0) }
  }

  static func tensors(_ own: Case, _ random: inout SeededRandom) -> [Tensor] {
    (own.initial + own.inputs + own.captures).map { random.tensor($0, in: -1...1) }
  }

  private func loss(_ results: [Tensor], weights: [Tensor]) -> Tensor {
    zip(results, weights).reduce(Tensor.constant(0)) { $0 + ($1.0 * $1.1).tanh().sum() }
  }

  /// All cases are one program, since each program takes drivers a while to build.
  @Test(arguments: TestBackend.all, [false, true])
  func resultsAndGradientsAreThoseOfPasses(_ backend: TestBackend, isReversed: Bool) throws {
    // Compiling for other kinds of devices takes PoCL long, and steps backwards are told from others before.
    guard backend.isNative || !isReversed || isStressed else { return }
    var random = SeededRandom(21)
    var (names, loops, passes) = ([String](), [Tensor](), [Tensor]())
    for own in Self.cases {
      let tensors = Self.tensors(own, &random)
      let loop = Self.results(own, tensors, isReversed: isReversed, unrolled: false)
      let unrolled = Self.results(own, tensors, isReversed: isReversed, unrolled: true)
      #expect(loop.map(\.shape) == unrolled.map(\.shape), "\(own.name)")
      let weights = loop.map { random.tensor($0.shape, in: -1...1) }
      func all(_ results: [Tensor]) -> [Tensor] {
        results + gradients(of: loss(results, weights: weights), withRespectTo: tensors)
      }
      loops += all(loop)
      passes += all(unrolled)
      names += all(loop).indices.map { "\(own.name), \($0)" }
    }
    let expected = try Tensor.evaluate(passes, on: CPUBackend<Double>())
    for fuses in backend.isNative ? [true, false] : [true] {
      let values = try Tensor.evaluate(loops, on: backend.make(), fuses: fuses)
      for (name, (value, expected)) in zip(names, zip(values, expected)) {
        assertClose(
          value.doubles, expected.doubles, .relativeFromOne(backend.isDouble ? 1e-13 : 1e-5),
          "\(name), on \(backend.name)")
      }
    }
  }

  /// Against the reference, which shares nothing with the compiler.
  @Test(arguments: TestBackend.native)
  func agree(_ backend: TestBackend) throws {
    var random = SeededRandom(22)
    let cases = Self.cases.flatMap { own -> [OperationCase] in
      let results = Self.results(
        own, Self.tensors(own, &random), isReversed: false, unrolled: false)
      return results.enumerated().map {
        OperationCase("\(own.name), result \($0)", $1, .summing)
      }
    }
    try expectAgreement(cases, on: backend)
  }

  @Test(arguments: [false, true])
  func secondDerivatives(isReversed: Bool) throws {
    let device = CPUBackend<Double>()
    var random = SeededRandom(23)
    for own in Self.cases {
      let tensors = Self.tensors(own, &random)
      func second(unrolled: Bool) -> [Tensor] {
        var random = SeededRandom(24)
        let results = Self.results(own, tensors, isReversed: isReversed, unrolled: unrolled)
        let weights = results.map { random.tensor($0.shape, in: -1...1) }
        let first = gradients(of: loss(results, weights: weights), withRespectTo: tensors)
        let total = first.reduce(Tensor.constant(0)) { $0 + ($1 * $1).sum() }
        return gradients(of: total, withRespectTo: tensors)
      }
      let values = try [false, true].map { try Tensor.evaluate(second(unrolled: $0), on: device) }
      for (value, expected) in zip(values[0], values[1]) {
        assertClose(value.doubles, expected.doubles, .relativeFromOne(1e-11), own.name)
      }
    }
  }

  /// A loop of many passes is as many instructions as one of few.
  @Test func longLoopsAreNoLongerPrograms() throws {
    func instructions(_ count: Int) -> Int {
      let own = Case(
        name: "", initial: [[2, 4]], inputs: [[count, 2, 4]], captures: [[4, 4]]
      ) { states, inputs, captures in
        let next = (states[0].matmul(captures[0]) + inputs[0]).tanh()
        return ([next], [next])
      }
      var random = SeededRandom(25)
      let tensors = Self.tensors(own, &random)
      let results = Self.results(own, tensors, isReversed: false, unrolled: false)
      let all = gradients(of: results[1].sum(), withRespectTo: tensors)
      return Program(computing: all).instructions.count
    }
    #expect(instructions(500) == instructions(5))
  }
}
