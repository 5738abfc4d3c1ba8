import Hypertower

/// Lines of numbers, a sample each, separated by commas.
enum NumberLines {
  /// Runs `body` on the numbers of each line that is not empty; of single numbers, none is empty except at the end.
  ///
  /// - Parameter name: what error messages call the file.
  /// - Returns: the number of numbers of a line.
  /// - Throws: `InputError(.badData)` that names the line at fault; what `body` throws.
  static func forEach(
    _ contents: StoredArray<UInt8>, name: String, _ body: ([Double]) throws -> Void
  ) throws -> Int {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }
    try contents.check()
    let width = try contents.withElements { bytes -> Int? in
      guard CSVEncoding.isUTF8(bytes) else {
        throw fault("is neither an IDX file, an NPY file nor text: give an IDX, NPY or CSV file")
      }
      var start = bytes.starts(with: CSVEncoding.byteOrderMark) ? 3 : 0
      var (number, width, emptyLine) = (0, Int?.none, Int?.none)
      while start < bytes.count {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let hasReturn = end > start && end < bytes.count && bytes[end - 1] == UInt8(ascii: "\r")
        let line = String(decoding: bytes[start..<(hasReturn ? end - 1 : end)], as: UTF8.self)
        (start, number) = (end + 1, number + 1)
        guard line.contains(where: { !$0.isWhitespace }) else {
          if width == 1 { emptyLine = emptyLine ?? number }
          continue
        }
        if let emptyLine {
          throw fault("line \(emptyLine) is empty, expected a number: write it, or remove the line")
        }
        let row = try numbers(line, number, fault)
        if let width, width != row.count {
          throw fault(
            "line \(number) has \(row.count) numbers, expected \(width) as in the first: every sample has as "
              + "many")
        }
        width = row.count
        try body(row)
      }
      return width
    }
    guard let width else { throw fault("has no samples: give a file with some") }
    return width
  }

  private static func numbers(
    _ line: String, _ number: Int, _ fault: (String) -> InputError
  ) throws -> [Double] {
    try line.split(separator: ",", omittingEmptySubsequences: false).enumerated().map {
      column, cell in
      guard let value = Double(cell.trimmed) else {
        throw fault(
          "line \(number), column \(column + 1): '\(cell)' is not a number: a line holds the numbers of one "
            + "sample, separated by commas")
      }
      return value
    }
  }
}
