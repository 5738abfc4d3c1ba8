import Datasets
import Hypertower

/// Samples that a benchmark makes up for a model: images of bytes from 1 to 255, or tokens of 65 symbols.
struct MadeUpSamples {
  let data: Dataset
  let input: NetworkDescription.Input
  let description: String

  private static let classCount = 10
  private static let symbolCount = 65

  init(for choice: ModelChoice, count: Int) {
    let random = Philox(key: 0)
    /// Whole numbers below `limit`.
    func numbers(_ count: Int, below limit: UInt32, stream: UInt32) -> [UInt32] {
      (0..<count).map { random.block(UInt32($0), stream)[0] % limit }
    }
    if choice.kind.isOfText {
      let length = choice.size(.length)
      let tokens = numbers(count * length + 1, below: UInt32(Self.symbolCount), stream: 0)
      data = Dataset(
        TokenWindows(tokens.map { Int32($0) }, length: length), vocabularySize: Self.symbolCount)
      input = .text(
        Vocabulary(of: (0..<Self.symbolCount).map { Unicode.Scalar(UInt8($0 + 32)) }))
      description = "\(length) of \(Self.symbolCount) symbols"
    } else {
      let shape = choice.kind == .resnet20 ? [3, 32, 32] : [1, 28, 28]
      let size = shape.reduce(1, *)
      data = Dataset(
        count: count, featureCount: size,
        features: .bytes(
          numbers(count * size, below: 255, stream: 0).map { UInt8($0 + 1) }),
        targets: .classes(
          numbers(count, below: UInt32(Self.classCount), stream: 1).map { Int32($0) },
          classCount: Self.classCount))
      input = .images(shape: shape, classes: Self.classCount)
      description = shape.map(String.init).joined(separator: " × ")
    }
  }
}
