import Testing

@testable import Hypertower

/// What is computed again rather than written down, and that it is the same.
@Suite struct RecomputationTests {
  private static func random(_ shape: Shape, _ seed: UInt64 = 5) -> Tensor {
    var random = SeededRandom(seed)
    return random.tensor(shape)
  }

  /// [batch, channels, height, width]
  private static let shape = [16, 8, 16, 16]

  /// Batch normalization after a convolution, with what it sends back.
  private static func normalization() -> [Tensor] {
    let weight = random([8, 3, 3, 3])
    let x = random([16, 3, 16, 16]).convolution(weight, padding: [1, 1])
    let axes = [0, 2, 3]
    let centred = x - x.mean(axes, keepingAxes: true)
    let variance = (centred * centred).mean(axes, keepingAxes: true)
    let y = (centred * (1 / (variance + 1e-5).sqrt())).relu()
    let loss = (y * random([16, 8, 16, 16], 6)).sum()
    return [loss] + gradients(of: loss, withRespectTo: [weight])
  }

  /// Of the full size there are the padded images, the convolution's results and what is sent back to them, twice:
  /// less than for a single tensor in between to be stored besides.
  @Test func normalizationStoresNothingBetween() {
    let count = Program(computing: Self.normalization()).temporaryElements
    let full = Self.shape.elementCount
    #expect((2 * full..<4 * full).contains(count), "\(Double(count) / Double(full)) tensors")
  }

  @Test(arguments: TestBackend.all)
  func normalizationIsTheSame(_ backend: TestBackend) throws {
    let device = try backend.make()
    let outputs = Self.normalization()
    for (number, output) in outputs.enumerated() {
      let fused = try Tensor.evaluate([output], on: device)[0].doubles
      let reference = try Tensor.evaluate([output], on: TestBackend.cpu64.make())[0].doubles
      assertClose(fused, reference, .relativeFromOne(2e-5), "output \(number) on \(backend.name)")
    }
  }

  /// Padding and strides, of as many channels as make runs of zeros worth leaving out, and pooling, of which only one
  /// element of a window has a derivative.
  @Test(arguments: TestBackend.all, [1, 2])
  func windowsOfManyChannelsAreTheSame(_ backend: TestBackend, stride: Int) throws {
    let (x, weight) = (Self.random([2, 16, 9, 9]), Self.random([16, 16, 3, 3], 7))
    let y = x.convolution(weight, strides: [stride, stride], padding: [1, 1]).relu()
    let pooled = MaxPool2D(2)(y)
    let loss = (pooled * Self.random(pooled.shape, 8)).sum()
    let outputs = [pooled] + gradients(of: loss, withRespectTo: [x, weight])
    let results = try Tensor.evaluate(outputs, on: backend.make())
    let expected = try Tensor.evaluate(outputs, on: TestBackend.cpu64.make())
    for (number, (result, reference)) in zip(results, expected).enumerated() {
      let name = "output \(number) on \(backend.name)"
      assertClose(result.doubles, reference.doubles, .relativeFromOne(2e-5), name)
    }
  }

  /// What a product reads must lie in memory: it is not computed in a launch of its own besides.
  @Test func operandsOfProductsStayInEpilogues() {
    let hidden = (Self.random([512, 64]).matmul(Self.random([64, 64])) + Self.random([64])).relu()
    let loss = hidden.matmul(Self.random([64, 8])).sum()
    let program = Program(computing: [loss] + gradients(of: loss, withRespectTo: [hidden]))
    let nests = program.instructions.filter { if case .loopNest = $0 { true } else { false } }
    #expect(nests.count <= 3, "\(nests.map(\.kind))")
  }

  /// What overlapping windows read is stored: it would be computed for each window.
  @Test(arguments: [1, 2]) func windowsThatOverlapReadMemory(stride: Int) {
    let x = Self.random([16 * 8 * 16, 4]).matmul(Self.random([4, 16])).reshaped(Self.shape)
    let y = (x - x.mean([0, 2, 3], keepingAxes: true)).relu()
    let windows = y.windows(axes: [-2, -1], sizes: [2, 2], strides: [stride, stride])
    let pooled = [windows.max([4, 5]), windows.argmax([4, 5])]
    let count = Program(computing: pooled).temporaryElements
    let full = Self.shape.elementCount
    #expect(stride == 1 ? count >= 2 * full : count < 2 * full, "\(Double(count) / Double(full))")
  }

  /// A costly function of leaves alone, which is computed wherever it is used, is not repeated for each use.
  @Test func costlyFunctionsOfLeavesAreNotRepeated() {
    let product = Self.random([1024, 4]).matmul(Self.random([4, 32]))
    func count(_ scale: Tensor) -> Int {
      let y = (product - product.mean([0], keepingAxes: true)) * scale
      return Program(computing: [y.sum([0]), (y * y).sum([0]), product.sum([0])]).temporaryElements
    }
    let scale = Self.random([1024, 32])
    #expect(count(scale.exp()) - count(scale) >= 1024 * 32)
  }

  /// Two sums along the same leading axes are one pass.
  @Test func sumsOfColumnsAreFoldedTogether() throws {
    let x = Self.random([32, 64])
    let program = Program(computing: [x.sum([0]), (x * x).sum([0])])
    #expect(program.instructions.count == 1)
    guard case .loopNest(let nest) = program.instructions[0] else {
      Issue.record("\(program.instructions[0].kind)")
      return
    }
    #expect(nest.reductions.count == 2)
  }

  /// Of one channel and few columns there would be more questions than terms.
  @Test func shortRunsAreNotLookedFor() {
    let y = Self.random([2, 1, 9, 9]).convolution(Self.random([6, 1, 3, 3]), padding: [1, 1])
    let program = Program(computing: [y])
    #expect(
      program.instructions.allSatisfy { instruction in
        guard case .matrixProduct(let product) = instruction else { return true }
        return product.left.view != nil && product.left.view?.zeros == nil
      })
  }

  /// Padding and gaps between spread elements: of rows that lie in one line of an image, whole runs of terms.
  @Test(arguments: [1, 2]) func zerosOfWindowsAreKnown(stride: Int) throws {
    let x = Self.random([2, 4, 9, 9])
    let y = x.convolution(Self.random([6, 4, 5, 5]), strides: [stride, stride])
    let program = Program(computing: gradients(of: (y * y).sum(), withRespectTo: [x]))
    let zeros = program.instructions.compactMap { instruction -> ZeroRuns? in
      guard case .matrixProduct(let product) = instruction else { return nil }
      return product.left.view?.zeros
    }
    let own = try #require(zeros.first)
    #expect(zeros.count == 1)
    // Five columns of six channels; nine places a line.
    #expect(own.length == 30)
    #expect(own.rowsBelow == 9 && own.rowExtent == 9)
    #expect(own.bound.index.divisor == stride)
    // Run j of line i reads line i + j − 4 of what is sent back, over the stride.
    let lines = (9 - 5) / stride + 1
    for line in 0..<9 {
      for run in 0..<5 {
        let place = own.bound.index.numerator(at: [line, run])
        #expect(place == line + run - 4)
        #expect(own.bound.extent == lines)
      }
    }
  }
}
