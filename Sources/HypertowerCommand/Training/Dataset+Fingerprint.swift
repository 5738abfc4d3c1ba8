import Datasets
import Hypertower

extension LabelledImages {
  /// A hash of all samples and labels, by which a run and an experiment recognize their data.
  var fingerprint: String {
    Dataset.fingerprint(of: [train, validation, test].compactMap { $0 })
  }
}

extension CharacterText {
  /// A hash of the text, by which an experiment recognizes it.
  var fingerprint: String { Dataset.fingerprint(of: [], vocabulary.text(of: tokens)) }
}

extension Dataset {
  /// A hash of all samples and targets of data sets, and of a text that belongs to them.
  static func fingerprint(of datasets: [Dataset], _ text: String = "") -> String {
    var hash = WordHash()
    for dataset in datasets {
      switch dataset.features {
      case .bytes(let bytes): bytes.withUnsafeBytes { hash.add($0) }
      case .floats(let floats): floats.withUnsafeBytes { hash.add($0) }
      case .mapped(let rows): hash.add(rows)
      case .windows(let windows):
        // The targets are tokens, too.
        hash.add(windows)
        [windows.start, windows.length, windows.movesEachEpoch ? 1 : 0].withUnsafeBytes {
          hash.add($0)
        }
      }
      switch dataset.targets {
      case .classes(let labels, _): labels.withUnsafeBytes { hash.add($0) }
      case .values(let values, _): values.withUnsafeBytes { hash.add($0) }
      case .mappedClasses(let rows, _), .mappedValues(let rows): hash.add(rows)
      case .nextTokens: break
      }
    }
    if !text.isEmpty { Array(text.utf8).withUnsafeBytes { hash.add($0) } }
    return String(hash.value, radix: 16)
  }
}

/// FNV-1a on words of 8 bytes rather than on bytes, so that 50 MB take a few milliseconds.
private struct WordHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let end = bytes.count / 8 * 8
    for offset in stride(from: 0, to: end, by: 8) {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
    for byte in bytes[end...] { add(UInt64(byte)) }
    add(UInt64(bytes.count))
  }

  /// Adds the sizes of rows in a file, and of their numbers a thousand at equal distances: a file may be larger than
  /// memory.
  mutating func add(_ rows: MappedRows) {
    [rows.count, rows.width].withUnsafeBytes { add($0) }
    rows.sample(1000).withUnsafeBytes { add($0) }
  }

  mutating func add(_ windows: TokenWindows) {
    switch windows.storage {
    case .mapped(let tokens): add(tokens)
    case .bytes, .floats, .int32: windows.tokens.withUnsafeBytes { add($0) }
    }
  }

  private mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x100_0000_01b3
    // The product alone carries nothing downwards.
    value ^= value >> 32
  }
}
