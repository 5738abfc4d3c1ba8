import Testing

@testable import Hypertower

/// A checkpoint of the paper's network with every kind of state, 2.4 MB, cut and changed at
/// random places.
@Suite struct CheckpointDamageTests {
  @Test func aFullCheckpointIsWholeOrRefused() throws {
    let data = Dataset(
      count: 4, featureCount: 784,
      features: .bytes((0..<4 * 784).map { UInt8(truncatingIfNeeded: $0 * 7) }),
      targets: .classes([0, 3, 9, 1], classCount: 10))
    let trainer = try Trainer(
      DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood,
      optimizer: Adam() / SGDPerParameter() / RMSProp(), on: .cpu)
    try trainer.train(on: data, batchSize: 2, steps: 3)
    var bytes = SealedSafetensors.bytes(of: try trainer.checkpoint())
    #expect(bytes.count > 2_400_000)
    _ = try SealedSafetensors.file(in: bytes, name: "checkpoint")

    var random = SeededRandom(91)
    for _ in 0..<caseCount(50, stress: 1000) {
      let count = Int.random(in: 0..<bytes.count, using: &random)
      #expect(throws: InputError.self, "the first \(count) bytes") {
        try SealedSafetensors.file(in: Array(bytes[..<count]), name: "checkpoint")
      }
    }
    for _ in 0..<caseCount(200, stress: 10_000) {
      let bit = Int.random(in: 0..<8 * bytes.count, using: &random)
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: InputError.self, "bit \(bit)") {
        try SealedSafetensors.file(in: bytes, name: "checkpoint")
      }
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
    _ = try SealedSafetensors.file(in: bytes, name: "checkpoint")
  }
}
