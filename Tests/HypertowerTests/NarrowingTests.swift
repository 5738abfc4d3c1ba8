import Testing

@testable import Hypertower

/// Of tensors of which only a part is read, no more is computed.
@Suite struct NarrowingTests {
  private static func random(_ shape: Shape, seed: UInt64 = 5) -> Tensor {
    var random = SeededRandom(seed)
    return random.tensor(shape)
  }

  /// Two layers with a norm between them, `[…, time, 6] → […, time, 5]`.
  private static func layers(_ x: Tensor) -> Tensor {
    let hidden = (x.matmul(random([6, 7])) + random([7])).gelu()
    let centred = hidden - hidden.mean([hidden.shape.count - 1], keepingAxes: true)
    return centred.softmax().matmul(random([5, 7]), transposeRight: true).tanh()
  }

  /// The rows of a program's products.
  private static func productRows(_ outputs: [Tensor]) -> [Int] {
    Program(computing: outputs).instructions.compactMap {
      guard case .matrixProduct(let product) = $0 else { return nil }
      return product.allRows
    }
  }

  @Test func slicesCostTheirRows() {
    let x = Self.random([1, 9, 6])
    let y = Self.layers(x)
    #expect(Self.productRows([y]) == [9, 9])
    #expect(Self.productRows([y.sliced(8..<9, axis: 1)]) == [1, 1])
    #expect(Self.productRows([y.transposed([1, 2, 0]).element(3, axis: 0)]) == [1, 1])
    #expect(Self.productRows([y.gather(Tensor([8], shape: [1]), axis: 1)]) == [1, 1])
    #expect(Self.productRows([y.padded(before: -7, after: 3, axis: 1)]) == [2, 2])
    // Of columns, too.
    let wide = Program(computing: [x.matmul(Self.random([6, 40])).sliced(3..<9, axis: 2)])
    #expect(wide.temporaryElements < 9 * 40)
  }

  /// The rows of several samples are one axis of a product: a part of it is some samples.
  @Test func samplesAreOneAxisWithTheirRows() {
    let y = Self.layers(Self.random([4, 9, 6]))
    #expect(Self.productRows([y]) == [36, 36])
    #expect(Self.productRows([y.sliced(1..<2, axis: 0)]) == [9, 9])
    #expect(Self.productRows([y.sliced(8..<9, axis: 1)]) == [36, 36])
  }

  @Test func whatIsReadElsewhereStays() {
    let y = Self.layers(Self.random([1, 9, 6]))
    #expect(Self.productRows([y.sliced(8..<9, axis: 1), y.sum()]) == [9, 9])
    // Several parts are read from the first to the last.
    #expect(Self.productRows([y.element(2, axis: 1), y.element(4, axis: 1)]) == [3, 3])
    // More than a half is not worth another layout.
    #expect(Self.productRows([y.sliced(1..<7, axis: 1)]) == [9, 9])
    #expect(Self.productRows([y.gather(Tensor([8, 0, 1, 1, 2], shape: [5]), axis: 1)]) == [9, 9])
  }

  /// Equal constants of which one place reads a part and another the whole are no tensors to take parts of.
  @Test func constantsAreNotStored() {
    let (x, y) = (Self.random([1, 9, 6]), Self.random([1, 9, 6], seed: 6))
    func results(_ x: Tensor, _ y: Tensor) -> [Tensor] {
      func function(_ x: Tensor) -> Tensor {
        let isLater = x.coordinate(axis: 1).isLess(than: x.coordinate(axis: 2))
        return Tensor.select(isLater, x.gelu(), 0)
      }
      return [function(x), function(y).gather(Tensor([8], shape: [1]), axis: 1)]
    }
    let program = Program(computing: results(x, y))
    #expect(program.instructions.count == 2)
    #expect(program.temporaryElements == 0)
  }

  /// The last layers of attention at one place: keys and values are needed at all places, the rest at one.
  @Test func attentionAtAPlace() {
    let x = Self.random([1, 8, 6])
    let mixed = x.matmul(Self.random([6, 18])).selfAttention(heads: 2, isCausal: true)
    let y = Self.layers(x + mixed.matmul(Self.random([6, 6])))
    // Scores and means of two heads.
    #expect(Self.productRows([y]) == [8, 16, 16, 8, 8, 8])
    for place in [y.element(7, axis: 1), y.gather(Tensor([7], shape: [1]), axis: 1)] {
      #expect(Self.productRows([place]) == [8, 2, 2, 1, 1, 1])
    }
  }

  /// Parts of tensors that nothing else reads, with what they are.
  private static func parts(samples: Int) -> [(name: String, tensor: Tensor)] {
    let x = random([samples, 9, 6])
    let y = layers(x)
    func numbers(_ values: [Float]) -> Tensor { Tensor(values, shape: [values.count]) }
    let image = random([1, 3, 13, 11]).tanh()
    let convolved = image.convolution(
      random([4, 3, 3, 3]), strides: [2, 1], padding: [1, 1])
    let parts = [y.sliced(0..<3, axis: 1).exp(), y.sliced(5..<9, axis: 1, step: 2)]
    let places = y.coordinate(axis: 1) * 0.5 + y.coordinate(axis: 2)
    return [
      ("a slice", y.sliced(2..<5, axis: 1)),
      ("a flipped part", y.flipped(axis: 1).element(1, axis: 1)),
      ("a column", y.element(4, axis: 2)),
      ("padding", y.padded(before: -6, after: 2, axis: 1, value: 3)),
      ("nothing but padding", y.padded(before: 12, after: -9, axis: 1, value: 3)),
      ("side by side", Tensor.concatenated(parts, axis: 1)),
      ("a slice of merged axes", y.reshaped([9 * samples, 5]).sliced(0..<3, axis: 0)),
      ("a slice across axes", y.reshaped([9 * samples, 5]).sliced(5..<8, axis: 0)),
      ("a slice of a split axis", y.reshaped([samples, 3, 3, 5]).element(1, axis: 1)),
      ("a slice of turned axes", y.transposed([2, 1, 0]).sliced(1..<3, axis: 0)),
      ("sums of a slice", y.sum([2]).sliced(4..<6, axis: 1)),
      ("places", (places * y).sliced(3..<5, axis: 1).element(2, axis: 2)),
      ("a part of an image", convolved.relu().sliced(1..<4, axis: 2).sliced(6..<9, axis: 3)),
      ("a window's place", y.windows(axes: [1], sizes: [3], strides: [2]).element(1, axis: 1)),
      ("rows", y.gather(numbers([3, 0, 3]), axis: 1)),
      ("a row and its place", (places * y).gather(numbers([6]), axis: 1)),
      ("no rows", y.gather(numbers([-1, 9, 0.5, 8]), axis: 1)),
      ("rows of turned axes", y.transposed([1, 0, 2]).gather(numbers([2, 7]))),
      (
        "rows where a number decides",
        Tensor.select(y.isLess(than: 0), 1, y * 2).gather(numbers([9, 1]), axis: 1)
      ),
      (
        "rows of rows",
        y.gather(numbers([1, 5, 8, 0]), axis: 1).gather(numbers([2]), axis: 1)
      ),
      ("a part beside the whole", y.element(1, axis: 1) + y.sum([1])),
      ("a detached part beside the whole", y.detached().element(1, axis: 1) + y.sum([1])),
      ("detached rows beside the whole", y.detached().gather(numbers([7]), axis: 1) * y.max()),
      (
        "a part of an image beside the whole",
        convolved.sliced(1..<4, axis: 2) + convolved.mean([2], keepingAxes: true)
      ),
    ]
  }

  /// Against the reference, which computes everything. Each is made of tensors of its own, lest others read more.
  @Test(arguments: TestBackend.all)
  func partsAgree(_ backend: TestBackend) throws {
    // Compiling kernels for other profiles takes PoCL seconds each.
    let cases = (backend.isNative || isStressed ? [1, 2] : [2]).flatMap { samples in
      Self.parts(samples: samples).indices.map { number in
        let own = Self.parts(samples: samples)[number]
        return OperationCase("\(own.name) of \(samples)", own.tensor, .summing)
      }
    }
    try expectAgreement(cases, on: backend)
  }

  /// Attention of few and of many keys at some place.
  @Test(arguments: TestBackend.native, [7, 70])
  func attentionAgrees(_ backend: TestBackend, time: Int) throws {
    let x = Self.random([1, time, 12])
    let y = (x + x.matmul(Self.random([12, 36])).selfAttention(heads: 3, isCausal: true)).tanh()
    let whole = try y.array(on: backend.device())
    for place in [0, time / 2, time - 1] {
      let number = Tensor([Float(place)], shape: [1])
      let own = try y.gather(number, axis: 1).array(on: backend.device())
      assertClose(
        own.map(Double.init), whole[place * 12..<(place + 1) * 12].map(Double.init),
        .relative(1e-6), "\(place) of \(time) on \(backend.name)")
    }
  }

  private struct Attending: Module {
    let embedding = Embedding(5, 8)
    let attention = Linear(8, 24)
    let output = Linear(8, 5)

    func callAsFunction(_ x: Tensor) -> Tensor {
      let start = embedding(x)
      return output(start + attention(start).selfAttention(heads: 2, isCausal: true))
    }
  }

  /// A model's outputs at a place are those that it has there among all.
  @Test(arguments: TestBackend.native, [1, 3])
  func outputsAtAPlace(_ backend: TestBackend, samples: Int) throws {
    let trainer = try Trainer(
      Attending(), loss: .crossEntropy, sampleShape: [6], optimizer: SGD(0.1),
      on: backend.device(), seed: 4)
    let inputs = (0..<6 * samples).map { Float($0 * $0 % 5) }
    let all = try trainer.outputs(for: inputs)
    for place in [5, 0, 3] {
      let own = try trainer.outputs(for: inputs, at: place)
      let expected = (0..<samples).flatMap { (sample: Int) -> ArraySlice<Double> in
        let start = (sample * 6 + place) * 5
        return all[start..<start + 5]
      }
      assertClose(own, expected, .relative(1e-6), "place \(place) on \(backend.name)")
    }
  }
}
