import Glibc
import Hypertower

/// Checks that the bytes of a file are text in UTF-8.
enum CSVEncoding {
  /// What text in UTF-8 may begin with.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// How many bytes are checked at a time.
  private static let partSize = 1 << 18

  /// - Throws: `InputError(.badData)`.
  static func check(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw InputError(
        .badData,
        "\(name): is UTF-16, expected UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8")
    }
    var (start, isValid) = (0, true)
    while start < bytes.count {
      let end = partEnd(of: bytes, from: start)
      let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
      if let zero = memchr(part.baseAddress!, 0, part.count) {
        let place = start + (UnsafeRawPointer(zero) - UnsafeRawPointer(part.baseAddress!))
        throw InputError(
          .badData,
          "\(name): byte \(place) is 0, which text does not hold: give a text file (bytes are numbered from 0)"
        )
      }
      isValid = isValid && String(validating: part, as: UTF8.self) != nil
      start = end
    }
    guard !isValid else { return }
    var (decoder, iterator, line) = (UTF8(), bytes.makeIterator(), 1)
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      if scalar == "\n" { line += 1 }
    }
    throw InputError(
      .badData,
      "\(name): line \(line) is not UTF-8: convert the file, as with iconv -f LATIN1 -t UTF-8")
  }

  /// Whether all bytes are text in UTF-8.
  static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var start = 0
    while start < bytes.count {
      let end = partEnd(of: bytes, from: start)
      let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
      guard String(validating: part, as: UTF8.self) != nil else { return false }
      start = end
    }
    return true
  }

  /// Where a part from `start` on ends: not within a character.
  private static func partEnd(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var end = min(start + partSize, bytes.count)
    // At most three bytes continue a character.
    for _ in 0..<3 where end < bytes.count && bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }
}
