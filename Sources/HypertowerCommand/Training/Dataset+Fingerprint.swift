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
  /// A hash of all samples and targets of data sets, and of a text that belongs to them: the same wherever they lie.
  ///
  /// Of features or targets of more than `most` bytes, a thousand rows or more at equal distances count.
  static func fingerprint(
    of datasets: [Dataset], _ text: String = "", most: Int = 1 << 32
  ) -> String {
    var hash = WordHash()
    for dataset in datasets {
      if case .windows(let windows) = dataset.features {
        // The targets are tokens, too.
        hash.add(windows.rows, count: windows.tokenCount, most: most)
        [windows.start, windows.length, windows.movesEachEpoch ? 1 : 0].withUnsafeBytes {
          hash.add($0)
        }
      } else {
        hash.add(dataset.featureRows, count: dataset.count, most: most)
      }
      if case .nextTokens = dataset.targets { continue }
      hash.add(dataset.targetRows, count: dataset.count, most: most)
    }
    if !text.isEmpty { Array(text.utf8).withUnsafeBytes { hash.add($0) } }
    return String(hash.value, radix: 16)
  }
}

/// FNV-1a on words of 8 bytes rather than on bytes, so that 50 MB take a few milliseconds.
private struct WordHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    addWords(bytes)
    add(UInt64(bytes.count))
  }

  /// The words, and the bytes after the last one.
  private mutating func addWords(_ bytes: UnsafeRawBufferPointer) {
    let end = bytes.count / 8 * 8
    for offset in stride(from: 0, to: end, by: 8) {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
    for byte in bytes[end...] { add(UInt64(byte)) }
  }

  /// Adds the rows of `count` samples. A file that was cut short meanwhile is an error when the run reads it.
  mutating func add(_ rows: SampleRows, count: Int, most: Int) {
    let size = count * rows.width * rows.elementSize
    if size > most {
      add(UInt64(count))
      for sample in stride(from: 0, to: count, by: Swift.max(1, count / 1000)) {
        try? rows.forEachBlock(of: sample..<sample + 1) { addWords($0) }
      }
    } else {
      try? rows.forEachBlock(of: 0..<count) { addWords($0) }
    }
    add(UInt64(size))
  }

  private mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x100_0000_01b3
    // The product alone carries nothing downwards.
    value ^= value >> 32
  }
}
