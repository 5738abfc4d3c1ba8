import Hypertower
import Testing

@testable import HypertowerCommand

@Suite struct FingerprintTests {
  private static let (count, width) = (3000, 7)
  private static let labels = (0..<Int32(count)).map { $0 % 10 }
  private static let bytes = (0..<count * width).map { UInt8(truncatingIfNeeded: $0 * 31) }
  private static let floats = bytes.map { Float($0) / 7 }

  private func dataset(
    _ features: Dataset.Features, _ targets: Dataset.Targets? = nil
  ) -> Dataset {
    Dataset(
      count: Self.count, featureCount: Self.width, features: features,
      targets: targets ?? .classes(Self.labels, classCount: 10))
  }

  /// A run goes on wherever its data lie now: in memory or in a file.
  @Test(arguments: [1 << 32, 1000, 0])
  func isTheSameInMemoryAndInFiles(most: Int) throws {
    try withTemporaryFolder { folder in
      func rows<Number>(_ numbers: [Number], _ type: MappedRows.ElementType, width: Int) throws
        -> MappedRows
      {
        let path = "\(folder)/\(type)"
        try numbers.withUnsafeBytes { try AtomicFile.write(Array($0), to: path) }
        return try MappedRows(path, type, width: width)
      }
      func hash(_ dataset: Dataset) -> String { Dataset.fingerprint(of: [dataset], most: most) }
      let labels = try rows(Self.labels, .int32, width: 1)
      let bytes = try rows(Self.bytes, .uint8, width: Self.width)
      let floats = try rows(Self.floats, .float32, width: Self.width)
      let targets = Dataset.Targets.mappedClasses(labels, classCount: 10)
      #expect(hash(dataset(.bytes(Self.bytes))) == hash(dataset(.mapped(bytes), targets)))
      #expect(hash(dataset(.floats(Self.floats))) == hash(dataset(.mapped(floats), targets)))
      #expect(hash(dataset(.bytes(Self.bytes))) != hash(dataset(.floats(Self.floats))))
      func text(_ windows: TokenWindows) -> String {
        hash(Dataset(windows, vocabularySize: 10))
      }
      #expect(
        text(TokenWindows(Self.labels, length: 8)) == text(TokenWindows(labels, length: 8)))
      #expect(
        text(TokenWindows(Self.labels, length: 8)) != text(TokenWindows(labels, length: 4)))
    }
  }

  @Test func changesWithEachNumber() {
    let own = Dataset.fingerprint(of: [dataset(.bytes(Self.bytes))])
    for place in [0, 9999, Self.bytes.count - 1] {
      var bytes = Self.bytes
      bytes[place] ^= 1
      #expect(Dataset.fingerprint(of: [dataset(.bytes(bytes))]) != own)
    }
    var labels = Self.labels
    labels[1234] = 3
    func text(_ tokens: [Int32]) -> String {
      Dataset.fingerprint(of: [
        Dataset(TokenWindows(tokens, length: 8), vocabularySize: 10)
      ])
    }
    #expect(text(labels) != text(Self.labels))
    let targets = Dataset.Targets.classes(labels, classCount: 10)
    #expect(Dataset.fingerprint(of: [dataset(.bytes(Self.bytes), targets)]) != own)
  }

  /// Rows of which some are looked at count with their number, and so does each of those.
  @Test func ofManyBytesSomeRowsCount() {
    let own = Dataset.fingerprint(of: [dataset(.bytes(Self.bytes))], most: 1000)
    var bytes = Self.bytes
    bytes[Self.width] ^= 1
    #expect(Dataset.fingerprint(of: [dataset(.bytes(bytes))], most: 1000) == own)
    bytes[3 * Self.width] ^= 1
    #expect(Dataset.fingerprint(of: [dataset(.bytes(bytes))], most: 1000) != own)
    let fewer = Dataset(
      count: Self.count - 1, featureCount: Self.width,
      features: .bytes(Array(Self.bytes.dropLast(Self.width))),
      targets: .classes(Array(Self.labels.dropLast()), classCount: 10))
    #expect(Dataset.fingerprint(of: [fewer], most: 1000) != own)
  }
}
