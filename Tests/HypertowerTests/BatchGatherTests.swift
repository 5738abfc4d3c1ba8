import Hypertower
import Testing

/// Batches reach the program as the data set has them, on every device.
@Suite(.serialized) struct BatchGatherTests {
  static func backends() throws -> [any Backend] {
    try TestBackend.all.filter { !$0.isDouble }.map { try $0.make() }
  }

  /// Runs a gather of `batch` rows of 256 bytes and labels as step number `counter`.
  private func gather(
    on backend: any Backend, batch: Int, counter: Int, permutation: IndexPermutation? = nil,
    seed: UInt64 = 0
  ) throws -> (features: [Float], labels: [Float]) {
    let samples = 7
    let bytes = (0..<samples * 256).map { UInt8(truncatingIfNeeded: $0 + $0 / 256) }
    let dataset = Dataset(
      count: samples, featureCount: 256, features: .bytes(bytes),
      targets: .classes((0..<Int32(samples)).map { $0 }, classCount: samples))
    let counters = try backend.allocate(.int32, count: 3)
    let halves = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)]
    try backend.write(
      .int32([Int32(counter)] + halves.map { Int32(bitPattern: $0) }), to: counters, at: 0)
    var program = try BatchProgram(
      DeviceDataset(dataset, on: backend, limit: .max), batch: batch, stride: 3,
      counter: (counters, 0),
      permutation: permutation, on: backend)
    // The program's own copy is temporary.
    let copy = try backend.allocate(.real, count: batch * 256)
    let recorder = TapeRecorder()
    let x = Tensor(recorder, recorder.leaf(.input(name: "x"), shape: [batch, 256]))
    let span = program.bind(copy)
    try program.append(recorder, leaves: [(x, program.x)], outputs: [(x, span)])
    try backend.run(try backend.prepare(program.program, arrays: program.arrays))
    return (
      try backend.read(0..<batch * 256, of: copy).floats,
      try backend.read(0..<batch, of: program.arrays[program.targets.buffer]!).floats
    )
  }

  @Test func everyByteIsDividedAsSwiftDoes() throws {
    for backend in try Self.backends() {
      let (features, labels) = try gather(on: backend, batch: 3, counter: 1)
      let expected = (3 * 256..<6 * 256).map {
        Float(UInt8(truncatingIfNeeded: $0 + $0 / 256)) / 255
      }
      #expect(features == expected, "\(backend.description)")
      #expect(labels == [3, 4, 5], "\(backend.description)")
    }
  }

  @Test func lastBatchAndNextEpochFollowTheCounter() throws {
    for backend in try Self.backends() {
      #expect(try gather(on: backend, batch: 1, counter: 2).labels == [6])
      #expect(try gather(on: backend, batch: 3, counter: 4).labels == [3, 4, 5])
    }
  }

  @Test func shufflesAsThePermutationSays() throws {
    let permutation = IndexPermutation(count: 7)
    let seed: UInt64 = 0x1234_5678_9ABC_DEF0
    for backend in try Self.backends() {
      for (counter, epoch, batch) in [(0, 0, 0), (1, 0, 1), (3, 1, 0), (100, 33, 1)] {
        let expected = (0..<3).map { Float(permutation(batch * 3 + $0, epoch: epoch, seed: seed)) }
        let labels = try gather(
          on: backend, batch: 3, counter: counter, permutation: permutation, seed: seed
        ).labels
        #expect(labels == expected, "\(backend.description), step \(counter)")
      }
    }
  }

  /// Rows so short that a work-group of a GPU has room for many more than there are: the order is right
  /// for all of them, and those that are none must not go astray.
  @Test func shortRowsAreShuffled() throws {
    let (samples, batch, stride) = (150, 50, 50)
    let dataset = Dataset(
      count: samples, featureCount: 4, features: .bytes(.init(repeating: 1, count: samples * 4)),
      targets: .classes((0..<Int32(samples)).map { $0 }, classCount: samples))
    let permutation = IndexPermutation(count: samples)
    for backend in try Self.backends() {
      let counters = try backend.allocate(.int32, count: 3)
      let program = try BatchProgram(
        DeviceDataset(dataset, on: backend, limit: .max), batch: batch, stride: stride,
        counter: (counters, 0), permutation: permutation, on: backend)
      let gather = try backend.prepare(program.program, arrays: program.arrays)
      for seed in 0..<10 {
        for counter in 0..<15 {
          try backend.write(.int32([Int32(counter), Int32(seed), 0]), to: counters, at: 0)
          try backend.run(gather)
          let labels = try backend.read(0..<batch, of: program.arrays[program.targets.buffer]!)
          let expected = (0..<batch).map {
            Float(
              permutation(counter % 3 * stride + $0, epoch: counter / 3, seed: UInt64(seed)))
          }
          #expect(labels.floats == expected, "\(backend.description), seed \(seed)")
        }
      }
    }
  }

  @Test func streamedTrainingEqualsResidentTraining() throws {
    let features = (0..<50 * 4).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let data = Dataset(
      count: 50, featureCount: 4, features: .bytes(features),
      targets: .classes((0..<50).map { Int32($0 % 3) }, classCount: 3))
    func weights(residentLimit: Int) throws -> [[Float]] {
      let device = Device(
        name: "cpu", backend: CPUBackend<Float>(), residentLimit: residentLimit)
      let trainer = try Trainer(
        DenseNetwork(widths: [4, 5, 3]), loss: .negativeLogLikelihood, optimizer: SGD() / SGD(),
        on: device, seed: 3)
      try trainer.train(on: data, batchSize: 8, steps: 20)
      #expect(try trainer.accuracy(on: data) > 0)
      return try trainer.weights().entries.map { $0.floats() }
    }
    #expect(try weights(residentLimit: 199) == weights(residentLimit: 200))
  }
}
