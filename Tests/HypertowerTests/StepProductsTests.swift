import OpenCL
import Testing

@testable import Hypertower

/// The matrix products of training steps, found in their programs.
@Suite struct StepProductsTests {
  private static let images = Dataset(
    count: 6, featureCount: 64, features: .bytes((0..<6 * 64).map { UInt8($0 % 251 + 1) }),
    targets: .classes([0, 1, 2, 0, 1, 2], classCount: 3))
  private static let text = Dataset(
    TokenWindows((0..<50).map { $0 % 5 }, length: 4), vocabularySize: 5)

  private static func dense() throws -> StepProducts {
    try StepProducts(
      DenseNetwork(widths: [64, 4, 3]), loss: .negativeLogLikelihood, sampleShape: [64],
      on: images, batchSize: 6, device: .cpu)
  }

  private static func cnn() throws -> StepProducts {
    try StepProducts(
      CNN(image: [1, 8, 8], classes: 3, channels: (2, 2), kernel: 2), loss: .crossEntropy,
      sampleShape: [1, 8, 8], on: images, batchSize: 2, device: .cpu)
  }

  private static func lstm() throws -> StepProducts {
    try StepProducts(
      RecurrentModel(vocabulary: 5, cell: .lstm, embedding: 3, hidden: 2, layers: 1),
      loss: .crossEntropy, sampleShape: [4], on: text, batchSize: 2, device: .cpu)
  }

  private static func gpt() throws -> StepProducts {
    try StepProducts(
      GPT(vocabulary: 5, context: 4, width: 4, layers: 1, heads: 2), loss: .crossEntropy,
      sampleShape: [4], on: text, batchSize: 2, device: .cpu)
  }

  @Test func denseNetworksHaveTwoOrThreeForEachLayer() throws {
    let products = try Self.dense()
    #expect(products.entries.allSatisfy { $0.count == 1 && !$0.isOfSparseSamples })
    #expect(
      products.entries.map(\.product.label).sorted() == [
        "[6, 3] · [4, 3]ᵀ", "[6, 4] · [4, 3]", "[6, 4]ᵀ · [6, 3]", "[6, 64] · [64, 4]",
        "[6, 64]ᵀ · [6, 4]",
      ])
    // 2 · 6 · (2 · 64 · 4 + 3 · 4 · 3)
    #expect(products.operations == 6576)
  }

  @Test func zerosOfSamplesAreKnown() throws {
    var pixels = [UInt8](repeating: 0, count: 6 * 64)
    for sample in 0..<6 { pixels[sample * 64 + 10] = 9 }
    let data = Dataset(
      count: 6, featureCount: 64, features: .bytes(pixels), targets: Self.images.targets)
    let products = try StepProducts(
      DenseNetwork(widths: [64, 3]), loss: .negativeLogLikelihood, sampleShape: [64], on: data,
      batchSize: 6, device: .cpu)
    #expect(products.entries.map(\.isOfSparseSamples) == [true, true])
    let (program, samples) = products.program()
    #expect(samples.count == 2)
    #expect(
      samples.allSatisfy { program.buffers[$0].isSparse && program.buffers[$0].count == 6 * 64 })
  }

  /// A loop over time counts its products once for each pass.
  @Test func loopsCountTheirPasses() throws {
    let inLoops = try Self.lstm().entries.filter { $0.count > 1 }
    #expect(!inLoops.isEmpty && inLoops.allSatisfy { $0.count == 4 })
    // Forwards and backwards, of the four gates.
    #expect(inLoops.map(\.product.label) == ["[2, 2] · [8, 2]ᵀ", "[2, 8] · [8, 2]"])
  }

  @Test func attentionHasAPairOfMatricesForEachHead() throws {
    #expect(try Self.gpt().entries.contains { $0.product.matrices == 4 })
  }

  /// Products with views, of several matrices and in loops run as they are in the step.
  @Test func productsRunAlone() throws {
    var backends: [any Backend] = [CPUBackend<Float>()]
    for device in try OpenCLDevice.all() { backends.append(try OpenCLBackend(device)) }
    for products in [try Self.dense(), try Self.cnn(), try Self.lstm(), try Self.gpt()] {
      let (program, _) = products.program()
      #expect(program.instructions.count == products.entries.count)
      for backend in backends {
        let arrays = try program.buffers.map { try backend.allocate($0.type, count: $0.count) }
        for array in arrays {
          try backend.write(.float32([Float](repeating: 1, count: array.count)), to: array, at: 0)
        }
        try backend.run(try backend.prepare(program, arrays: arrays))
        try backend.synchronize()
        // Each result is a sum of so many ones.
        for (entry, instruction) in zip(products.entries, program.instructions) {
          let output = try #require(instruction.accesses.first { $0.isWrite })
          let values = try backend.read(output.range, of: arrays[output.buffer]).doubles
          #expect(values.count == entry.product.allRows * entry.product.columns)
          #expect(values.allSatisfy { $0 == Double(entry.product.inner) })
        }
      }
    }
  }
}
