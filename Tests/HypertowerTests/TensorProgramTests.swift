import Testing

@testable import Hypertower

/// Tensors that are compiled once and computed for one input after another.
@Suite(.serialized) struct TensorProgramTests {
  @Test(arguments: TestBackend.native) func computesEachCallAnew(backend: TestBackend) throws {
    let x = Tensor.input("x", shape: [2, 2])
    let y = Tensor.input("y", shape: [2])
    let program = try TensorProgram(
      [x.matmul(x), x + y, y], of: [x, y], on: try backend.device())
    #expect(
      try program([[1, 2, 3, 4], [10, 20]]) == [[7, 10, 15, 22], [11, 22, 13, 24], [10, 20]])
    #expect(try program([[0, 1, 1, 0], [0, 1]]) == [[1, 0, 0, 1], [0, 2, 1, 1], [0, 1]])
  }

  /// Every update sees what all variables were before the call, whichever comes first.
  @Test(arguments: TestBackend.native) func updatesAtOnce(backend: TestBackend) throws {
    let (a, b) = (Tensor.state(shape: [2], initial: 1), Tensor.state(shape: [2], initial: 2))
    let program = try TensorProgram(
      [a], updating: [(variable: a, value: b), (variable: b, value: a + b)],
      on: try backend.device())
    var values: [[Float]] = []
    for _ in 0..<6 { values.append(try program()[0]) }
    // Fibonacci's numbers.
    #expect(values.map { $0[0] } == [1, 2, 3, 5, 8, 13])
    #expect(values.allSatisfy { $0[0] == $0[1] })
    #expect(try program.values(of: a) == [21, 21])
    #expect(try program.values(of: b) == [34, 34])
    try program.set(b, to: [0, 1])
    #expect(try program() == [[21, 21]])
    #expect(try program() == [[0, 1]])
    #expect(try program() == [[21, 22]])
  }

  /// Running means and variances as a loop of one's own keeps them.
  @Test(arguments: TestBackend.native) func updatesStates(backend: TestBackend) throws {
    let norm = BatchNorm(2)
    let x = Tensor.input("x", shape: [2, 2])
    let context = Context(isTraining: true)
    let outputs = norm(x, in: context)
    let program = try TensorProgram(
      [outputs], of: [x],
      updating: context.updates.map { (variable: $0.state, value: $0.next) },
      on: try backend.device())
    _ = try program([[1, 2, 3, 6]])
    // A tenth of the batch's, in place of 0 and 1; the variance is that of a sample, 2 and 8.
    for (state, expected) in [(norm.runningMean, [0.2, 0.4]), (norm.runningVariance, [1.1, 1.7])] {
      for (value, wanted) in zip(try program.values(of: state), expected) {
        #expect(abs(Double(value) - wanted) < 1e-6)
      }
    }
    #expect(Context().updates.isEmpty)
  }

  /// The loop that `TrainingLoop` of the examples shows, against the trainer: step sizes tuned by SGD, which
  /// float32 has to the last digit.
  @Test(arguments: TestBackend.native) func trainsAsATrainerDoes(backend: TestBackend) throws {
    let (data, model) = (TrainingTests.data, TrainingTests.network)
    guard case .classes(let classes, _) = data.targets else { fatalError() }
    let x = Tensor.input("x", shape: [25, 12])
    let labels = Tensor.input("labels", shape: [25])
    let loss = Loss.negativeLogLikelihood(model(x), labels)
    let weights = model.parameters.map(\.tensor)
    let slopes = gradients(of: loss, withRespectTo: weights)
    let alpha = Tensor.state(shape: [], initial: 0.125)
    let earlier = weights.map { Tensor.state(shape: $0.shape, initial: 0) }
    let hypergradient = zip(slopes, earlier).reduce(Tensor.constant(0)) {
      $0 - ($1.0 * $1.1).sum()
    }
    let next = alpha - 0.125 * hypergradient
    var updates = zip(weights, slopes).map { (variable: $0, value: $0 - next * $1) }
    updates += zip(earlier, slopes).map { (variable: $0, value: $1) }
    updates.append((variable: alpha, value: next))
    let step = try TensorProgram(
      [loss], of: [x, labels], updating: updates, on: try backend.device(), seed: 7)

    let trainer = try Trainer(
      model, loss: .negativeLogLikelihood, optimizer: SGD(0.125) / SGD(0.125),
      on: try backend.device(), seed: 7)
    var records: [StepRecord] = []
    try trainer.train(on: data, batchSize: 25, steps: 40, shuffled: false) { records += $0 }
    let tolerance = backend.isDouble ? 1e-12 : 1e-5
    for record in records {
      let start = record.step * 25 % 100
      let result = try step.run([
        data.features(of: start..<start + 25), classes[start..<start + 25].map(Float.init),
      ])
      assertClose(result[0].doubles[0], record.loss, tolerance)
      assertClose(
        Double(try step.values(of: alpha)[0]), record.hyperparameters[0][0].value,
        // Read as float32.
        max(tolerance, 1e-6))
    }
    #expect(records.last!.loss < 0.95 * records[0].loss)
  }

  private func assertClose(_ value: Double, _ expected: Double, _ tolerance: Double) {
    #expect(abs(value - expected) <= tolerance * abs(expected), "\(value) for \(expected)")
  }

  /// Random numbers are others in each call, and the same for the same seed.
  @Test(arguments: TestBackend.native) func drawsAnew(backend: TestBackend) throws {
    func draws(seed: UInt64) throws -> [[Float]] {
      let noise = Context(isTraining: true).uniform([8])
      let program = try TensorProgram([noise], on: try backend.device(), seed: seed)
      return try (0..<3).map { _ in try program()[0] }
    }
    let values = try draws(seed: 1 << 40)
    #expect(Set(values).count == 3)
    #expect(values.joined().allSatisfy { (0..<1).contains($0) })
    #expect(try draws(seed: 1 << 40) == values)
    #expect(try draws(seed: 0) != values)
  }

  // MARK: What it prints

  @Test func printsATensor() {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    let weight = Tensor.parameter(shape: [2, 2], initializer: .constant(0))
    let result = (x.matmul(weight, transposeRight: true).flipped(axis: 1) * 2).max([1])
    let text = "\(result)"
    for line in ["[2, 2] = [1.0, 2.0, 3.0, 4.0]", "[2, 2] = parameter", " · "] {
      #expect(text.contains(line), "\(text)")
    }
  }
}
