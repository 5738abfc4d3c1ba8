import Datasets
import Hypertower

/// Samples that a benchmark makes up for a model: images of bytes from 1 to 255, or tokens of 65 symbols.
struct MadeUpSamples {
  let data: Dataset
  let input: NetworkDescription.Input
  let description: String

  private static let classCount = 10
  private static let symbolCount = 65

  /// - Throws: `InputError(.memory)` if this machine cannot hold so many.
  init(for choice: ModelChoice, count: Int) throws {
    let random = Philox(key: 0)
    /// A whole number below `limit`.
    func number(_ place: Int, below limit: UInt32, stream: UInt32) -> UInt32 {
      random.block(UInt32(truncatingIfNeeded: place), stream, UInt32(place >> 32))[0] % limit
    }
    if choice.kind.isOfText {
      let length = choice.size(.length)
      let tokenCount = count * length + 1
      try MachineMemory.check(
        tokenCount * MemoryLayout<Int32>.size, for: "the made-up samples of --batch-size")
      let tokens = (0..<tokenCount).map {
        Int32(number($0, below: UInt32(Self.symbolCount), stream: 0))
      }
      data = Dataset(
        TokenWindows(tokens, length: length), vocabularySize: Self.symbolCount)
      input = .text(
        Vocabulary(of: (0..<Self.symbolCount).map { Unicode.Scalar(UInt8($0 + 32)) }))
      description = "\(length) of \(Self.symbolCount) symbols"
    } else {
      let shape = choice.kind == .resnet20 ? [3, 32, 32] : [1, 28, 28]
      let size = shape.reduce(1, *)
      try MachineMemory.check(count * size, for: "the made-up samples of --batch-size")
      data = Dataset(
        count: count, featureCount: size,
        features: .bytes(
          (0..<count * size).map { UInt8(number($0, below: 255, stream: 0) + 1) }),
        targets: .classes(
          (0..<count).map { Int32(number($0, below: UInt32(Self.classCount), stream: 1)) },
          classCount: Self.classCount))
      input = .images(shape: shape, classes: Self.classCount)
      description = shape.map(String.init).joined(separator: " × ")
    }
  }
}
