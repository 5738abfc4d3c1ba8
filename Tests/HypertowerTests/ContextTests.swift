import Hypertower
import Testing

/// Random numbers of steps, states, and what differs between training and evaluation.
@Suite struct ContextTests {
  private static let data = Dataset(
    count: 6, featureCount: 4, features: .floats((0..<24).map { Float($0 % 7) / 4 }),
    targets: .values((0..<18).map { Float($0 % 5) / 4 }, width: 3))

  /// Random numbers in place of the inputs, and a parameter that changes nothing.
  private struct Noise: Module {
    let weight = Tensor.parameter(shape: [1], initializer: .constant(1))

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      let first = context.uniform([x.shape[0], 3])
      let second = context.uniform([x.shape[0], 3])
      return first + second * 2 + weight * 0
    }
  }

  /// The sum of the outputs.
  private static let sum = Loss("sum") { outputs, _ in outputs.sum() }

  private func losses(_ trainer: Trainer, steps: Int) throws -> [Double] {
    var losses: [Double] = []
    try trainer.train(on: Self.data, batchSize: 2, steps: steps, shuffled: false) {
      losses += $0.map(\.loss)
    }
    return losses
  }

  @Test(arguments: TestBackend.all)
  func randomNumbersAreThoseOfPhilox(_ backend: TestBackend) throws {
    let trainer = try Trainer(
      Noise(), loss: Self.sum, sampleShape: [4], optimizer: SGD(0), on: backend.device(), seed: 9)
    let generator = Philox(key: 9)
    let expected = (0..<5).map { step in
      (0..<6).reduce(0.0) { sum, index in
        sum
          + [1.0, 2.0].enumerated().reduce(0) { own, call in
            let word = generator.block(
              UInt32(index), UInt32(step), UInt32(call.offset), RandomNumber.purpose)[0]
            return own + call.element * Double(word >> 8) * 0x1p-24
          }
      }
    }
    assertClose(
      try losses(trainer, steps: 5), expected, .relative(1e-5), "sums on \(backend.name)")
  }

  /// A layer with dropout and one with batch normalization.
  private struct Model: Module {
    let linear = Linear(4, 8)
    let norm = BatchNorm(8)
    let dropout = Dropout(0.25)
    let output = Linear(8, 3)

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      output(dropout(norm(linear(x), in: context), in: context))
    }
  }

  /// The same without dropout.
  private struct Plain: Module {
    let linear = Linear(4, 8)
    let norm = BatchNorm(8)
    let output = Linear(8, 3)

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      output(norm(linear(x), in: context))
    }
  }

  private func trainer(_ backend: TestBackend) throws -> Trainer {
    try Trainer(
      Model(), loss: .meanSquaredError, optimizer: SGD(0.05) / SGD(0.01), on: backend.device(),
      seed: 3)
  }

  @Test func devicesDropTheSameElements() throws {
    let all = try TestBackend.native.map { try losses(trainer($0), steps: 9) }
    for (own, backend) in zip(all, TestBackend.native) {
      assertClose(own, all[1], .relative(1e-4), backend.name)
    }
    // Steps over the same samples have other losses.
    #expect(Set(all[1]).count == 9)
  }

  @Test(arguments: TestBackend.native)
  func evaluationDropsNothingAndResumingGoesOn(_ backend: TestBackend) throws {
    let whole = try trainer(backend)
    let first = try losses(whole, steps: 3)
    let plain = try Trainer(
      Plain(), loss: .meanSquaredError, optimizer: SGD(0), on: backend.device())
    try plain.setWeights(whole.weights())
    assertClose(
      [try whole.loss(on: Self.data)], [try plain.loss(on: Self.data)], .relative(1e-6),
      backend.name)
    let checkpoint = try whole.checkpoint()
    #expect(checkpoint["norm.running_mean"]?.shape == [8])
    #expect(checkpoint["norm.running_var"]?.doubles().contains { $0 != 1 } == true)
    let rest = try losses(whole, steps: 3)

    let resumed = try trainer(backend)
    try resumed.resume(from: checkpoint, on: Self.data)
    #expect(try losses(resumed, steps: 3) == rest)
    #expect(first != rest)
    #expect(try resumed.loss(on: Self.data) == whole.loss(on: Self.data))
  }

  @Test func dropoutKeepsTheMean() throws {
    struct Dropping: Module {
      let weight = Tensor.parameter(shape: [1], initializer: .constant(1))
      func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        let ones = Tensor(repeating: 1, shape: [x.shape[0], 4000])
        return Dropout(0.2)(ones, in: context).mean([1]) + weight * 0
      }
    }
    let trainer = try Trainer(
      Dropping(), loss: Loss("mean") { outputs, _ in outputs.mean() }, sampleShape: [4],
      optimizer: SGD(0), on: .cpu)
    for loss in try losses(trainer, steps: 4) { #expect((loss - 1).magnitude < 0.03) }
    #expect(try trainer.loss(on: Self.data) == 1)
  }
}
