import Glibc
import Hypertower

/// The cells of a text file with a row in each line: comma-separated values (RFC 4180), or with another delimiter.
///
/// Lines end in LF or CRLF. A cell in quotes may hold delimiters, ends of lines, and quotes, each written twice. White
/// space around other cells, and around the quotes, does not count, and neither do empty lines. In a file of one column,
/// an empty line after the first row is a row without a value, unless nothing follows it.
///
/// The file may be larger than memory: of its rows, only every 256th place is kept. What is wanted of many rows is read
/// row after row, by `forEachRow(_:)`.
package struct CSVFile: Sendable {
  /// What error messages call the file.
  package let name: String
  /// What separates cells.
  package let delimiter: Unicode.Scalar
  /// The number of cells of each row, at least 1.
  package let columnCount: Int
  /// The number of rows, the names of the columns included.
  package let rowCount: Int
  private let bytes: StoredArray<UInt8>
  /// Where every `markDistance`-th row begins.
  private let marks: [CSVScanner.Place]

  private static let markDistance = 256
  /// A file of the user's may be cut short while it is read.
  private static let rowsBetweenChecks = 4096

  /// - Parameters:
  ///   - bytes: the file's contents, in UTF-8, with or without a byte order mark.
  ///   - name: what error messages call the file.
  ///   - delimiter: nil: the one of `,`, `;`, tab and `|` that is most frequent in the first line.
  /// - Throws: `InputError` of kind `.badData` that names the line at fault.
  package init(
    _ bytes: StoredArray<UInt8>, name: String, delimiter: Unicode.Scalar? = nil
  ) throws {
    self.name = name
    self.bytes = bytes
    let stored = bytes
    (self.delimiter, columnCount, rowCount, marks) = try bytes.withElements { bytes in
      try CSVEncoding.check(bytes, name: name)
      let start =
        bytes.starts(with: CSVEncoding.byteOrderMark) ? CSVEncoding.byteOrderMark.count : 0
      let own = delimiter ?? Self.likelyDelimiter(bytes[start...])
      var scanner = CSVScanner(bytes, delimiter: UInt8(own.value), name: name)
      scanner.place.position = start
      var (marks, columnCount, rowCount) = ([CSVScanner.Place](), 0, 0)
      while true {
        if rowCount % Self.rowsBetweenChecks == 0 { try stored.check() }
        guard try scanner.nextRow() else { break }
        let cellCount = scanner.cells.count
        if rowCount == 0 {
          columnCount = cellCount
          scanner.hasEmptyRows = cellCount == 1
        }
        guard cellCount == columnCount else {
          throw InputError(
            .badData,
            "\(name): line \(scanner.row.line) has \(cellCount) cells, expected \(columnCount) as in line "
              + "\(marks[0].line): put cells that hold '\(Self.name(of: own))' in quotes, or name another "
              + "--delimiter")
        }
        if rowCount % Self.markDistance == 0 { marks.append(scanner.row) }
        rowCount += 1
      }
      return (own, columnCount, rowCount, marks)
    }
    guard rowCount > 0 else {
      throw InputError(.badData, "\(name): has no rows: give a file with some")
    }
  }

  /// Calls `body` with the number of each of some rows and its cells, one row after another.
  ///
  /// - Throws: `InputError(.badData)` if the file has changed meanwhile; what `body` throws.
  func forEachRow(
    _ rows: Range<Int>, _ body: (_ row: Int, _ cells: CSVRow) throws -> Void
  ) throws {
    try bytes.check()
    try withRows(from: rows.lowerBound) { scanner in
      for row in rows {
        if row % Self.rowsBetweenChecks == 0 { try bytes.check() }
        guard try scanner.nextRow(), scanner.cells.count == columnCount else {
          throw InputError(
            .badData,
            "\(name): changed while it was read, from line \(scanner.row.line) on: start over, and leave it as it is"
          )
        }
        try body(row, CSVRow(bytes: scanner.bytes, cells: scanner.cells))
      }
    }
  }

  /// The texts of a row's cells.
  func texts(_ row: Int) -> [String] {
    (try? withRows(from: row) { scanner in
      _ = try scanner.nextRow()
      let cells = CSVRow(bytes: scanner.bytes, cells: scanner.cells)
      return (0..<columnCount).map { $0 < scanner.cells.count ? cells.text($0) : "" }
    }) ?? [String](repeating: "", count: columnCount)
  }

  /// The text of a cell.
  package func text(_ row: Int, _ column: Int) -> String { texts(row)[column] }

  /// The line on which a row begins, from 1.
  package func line(of row: Int) -> Int {
    (try? withRows(from: row) { scanner in
      _ = try scanner.nextRow()
      return scanner.row.line
    }) ?? 0
  }

  /// Runs `body` with a scanner of which `row` is the next one.
  private func withRows<Result>(
    from row: Int, _ body: (inout CSVScanner) throws -> Result
  ) throws -> Result {
    precondition(row >= 0 && row < rowCount)
    return try bytes.withElements { bytes in
      var scanner = CSVScanner(bytes, delimiter: UInt8(delimiter.value), name: name)
      scanner.place = marks[row / Self.markDistance]
      scanner.hasEmptyRows = columnCount == 1
      for _ in 0..<row % Self.markDistance { _ = try scanner.nextRow() }
      return try body(&scanner)
    }
  }

  /// What a delimiter is called.
  static func name(of delimiter: Unicode.Scalar) -> String {
    delimiter == "\t" ? "tab" : "\(delimiter)"
  }

  /// The delimiter that is most frequent in the first line that is not empty, outside quotes; a comma if there is none.
  private static func likelyDelimiter(
    _ bytes: Slice<UnsafeBufferPointer<UInt8>>
  ) -> Unicode.Scalar {
    let candidates: [Unicode.Scalar] = [",", ";", "\t", "|"]
    var counts = [Int](repeating: 0, count: candidates.count)
    var (isQuoted, isEmpty) = (false, true)
    for byte in bytes {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == UInt8(ascii: "\n") && !isQuoted && !isEmpty { break }
      if byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") { isEmpty = false }
      guard !isQuoted, let place = candidates.firstIndex(where: { $0.value == UInt32(byte) }) else {
        continue
      }
      counts[place] += 1
    }
    return candidates[counts.indices.max { (counts[$0], $1) < (counts[$1], $0) }!]
  }
}

extension CSVFile {
  /// Reads a file, compressed by gzip or not; what the budget has no room for stays where it is, or is decompressed into
  /// a temporary file.
  ///
  /// - Parameter delimiter: see `TableOptions.delimiter`.
  /// - Throws: `InputError`, as `init(_:name:delimiter:)`; `.missingInput` when it cannot be read, `.cannotWrite` when
  ///   there is no room for a temporary file.
  package init(
    contentsOf path: String, delimiter: String?, in budget: MemoryBudget = MemoryBudget()
  ) throws {
    try self.init(
      .contents(of: path, in: budget), name: path, delimiter: delimiter, in: budget)
  }

  /// Reads a file's contents, compressed by gzip or not.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:delimiter:in:)`.
  package init(
    _ contents: StoredArray<UInt8>, name: String, delimiter: String?,
    in budget: MemoryBudget = MemoryBudget()
  ) throws {
    let bytes = try contents.decompressed(name: name, in: budget)
    if bytes.count != contents.count { budget.giveBack(contents) }
    try self.init(bytes, name: name, delimiter: delimiter?.unicodeScalars.first)
  }

  /// Reads a file's contents that lie in memory.
  ///
  /// - Throws: `InputError`, as `init(_:name:delimiter:)`.
  package init(_ bytes: [UInt8], name: String, delimiter: Unicode.Scalar? = nil) throws {
    try self.init(StoredArray(bytes), name: name, delimiter: delimiter)
  }
}
