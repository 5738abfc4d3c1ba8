import Glibc

/// A number as C's `printf` writes it for `format`, which takes one double.
func formatted(_ format: String, _ value: Double) -> String {
  withVaList([value]) { arguments in
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      vsnprintf(buffer.baseAddress, buffer.count, format, arguments)
      return String(cString: buffer.baseAddress!)
    }
  }
}

extension String {
  /// The text with spaces behind it up to `width` characters.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// The text with spaces before it up to `width` characters.
  func rightAligned(in width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

/// Rows as text in which every column is as wide as its widest cell; the last is not padded.
func table(_ rows: [[String]], separator: String = "  ") -> [String] {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in
    rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    row.enumerated()
      .map { $0 == row.count - 1 ? $1 : $1.padded(to: widths[$0]) }
      .joined(separator: separator)
  }
}
