import Testing

@testable import Hypertower

/// The order in which work runs; that its results are right, FusionTests and RandomOperationTests show.
@Suite struct ViewSinkingTests {
  private static func random(_ shape: Shape) -> Tensor {
    var random = SeededRandom(5)
    return random.tensor(shape)
  }

  /// The new tape of what tensors are computed by.
  private static func tape(of tensors: [Tensor]) -> Tape {
    let recorder = tensors[0].recorder
    let nodes = tensors.map { recorder.adopt($0.index, from: $0.recorder) }
    return ViewSinking.apply(to: recorder.tape, outputs: nodes).tape
  }

  /// Of convolution, activation, pooling and what they send back.
  @Test func channelsStayLast() {
    let weight = Self.random([7, 3, 3, 3])
    let y = Self.random([2, 3, 9, 9]).convolution(weight, padding: [1, 1]).relu()
    let pooled = MaxPool2D(2, stride: 2)(y)
    // From here on in the order of channels, rows, columns, as flattened for a dense layer.
    let loss = pooled.reshaped([2, 7 * 4 * 4]).matmul(Self.random([112, 5])).tanh().sum()
    let tape = Self.tape(of: [loss] + gradients(of: loss, withRespectTo: [weight]))
    var windows = 0
    for node in tape.nodes {
      guard case .reduce(_, let axes) = node.operation, axes == [4, 5] else { continue }
      windows += 1
      #expect(tape[node.operands[0]].shape[3] == 7, "\(node)")
    }
    #expect(windows == 3)
    let selections = tape.nodes.filter { if case .select = $0.operation { true } else { false } }
    #expect(selections.contains { $0.shape == [2, 4, 4, 7, 2, 2] })
  }

  /// A small operand in another order does not turn what it is added to.
  @Test func repeatedOperandsDecideNothing() {
    let scores = Self.random([2, 4, 6, 5]).matmul(Self.random([2, 4, 5, 6]))
    let bias = Self.random([6, 6, 4]).transposed([2, 0, 1])
    let tape = Self.tape(of: [(scores + bias).exp()])
    #expect(tape.nodes.last?.operation == .unary(.exponential))
    #expect(tape.nodes.last?.shape == [2, 4, 6, 6])
  }

  /// What follows a product in another shape joins it.
  @Test func reshapesFollow() {
    let product = Self.random([6, 5]).matmul(Self.random([5, 4])).reshaped([2, 3, 4])
    let tape = Self.tape(of: [(product + Self.random([4])).tanh().sum([2])])
    for node in tape.nodes where node.operation == .unary(.tanh) {
      #expect(node.shape == [6, 4])
    }
    #expect(tape.nodes.contains { $0.operation == .reduce(.sum, axes: [1]) && $0.shape == [6, 1] })
  }

  /// A sum of biases is computed where the product's rows are stored.
  @Test func biasesOfLeavesJoin() {
    let product = Self.random([2, 3, 5]).matmul(Self.random([5, 4]))
    let program = Program(computing: [product + (Self.random([4]) + Self.random([4]))])
    #expect(program.instructions.count == 1)
  }

  /// The place of a maximum is counted in the order of the axes that the model sees.
  @Test func maximaAreCountedInOrder() throws {
    let x = Self.random([2, 3, 4])
    let values = try x.array()
    let places = try (x * 2).transposed([0, 2, 1]).argmax([1, 2]).array()
    let expected = (0..<2).map { n in
      let own = (0..<12).map { values[n * 12 + $0 % 3 * 4 + $0 / 3] }
      return Float(own.firstIndex(of: own.max()!)!)
    }
    #expect(places == expected)
  }

  /// What one sum reads is computed there, through however many functions of it: each is looked at once.
  @Test func longChainsAreDeferred() throws {
    let ones = Tensor(repeating: 1, shape: [2, 3]) + Self.random([2, 3]) * 0
    var y = ones.matmul(Self.random([3, 4]) * 0 + 1) * (1.0 / 3)
    for _ in 0..<60 { y = y * y }
    for value in try y.sum([0]).array() { #expect((value - 2).magnitude < 1e-3) }
  }

  /// A long column whose first axis has no parts is split along the next.
  @Test func longColumnsAreFoldedInParts() {
    let x = Self.random([3, 1024, 16])
    let tape = Self.tape(of: [x.sum([0, 1])])
    let shapes = tape.nodes.compactMap { node -> Shape? in
      if case .reduce = node.operation { node.shape } else { nil }
    }
    #expect(shapes == [[1, 128, 1, 16], [1, 1, 1, 16]])
  }
}
