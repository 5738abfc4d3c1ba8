import Hypertower

/// The cells of a text file with a row in each line: comma-separated values (RFC 4180), or with another delimiter.
///
/// Lines end in LF or CRLF. A cell in quotes may hold delimiters, ends of lines, and quotes, each written twice. White
/// space around other cells, and around the quotes, does not count, and neither do empty lines.
package struct CSVFile: Sendable {
  /// What error messages call the file.
  package let name: String
  /// What separates cells.
  package let delimiter: Unicode.Scalar
  /// The number of cells of each row, at least 1.
  package let columnCount: Int
  /// The line on which each row begins, from 1.
  private let lines: [Int]
  private let bytes: [UInt8]
  /// Those of all rows, row after row.
  private let cells: [Cell]

  /// Where a cell lies in the file, without its quotes.
  fileprivate struct Cell {
    var start: Int
    var end: Int
    var hasDoubledQuotes = false
  }

  /// The number of rows, the names of the columns included.
  package var rowCount: Int { lines.count }

  /// - Parameters:
  ///   - bytes: the file's contents, in UTF-8, with or without a byte order mark.
  ///   - name: what error messages call the file.
  ///   - delimiter: nil: the one of `,`, `;`, tab and `|` that is most frequent in the first line.
  /// - Throws: `InputError` of kind `.badData` that names the line at fault.
  package init(_ bytes: [UInt8], name: String, delimiter: Unicode.Scalar? = nil) throws {
    try Self.checkEncoding(bytes, name: name)
    let start = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    self.name = name
    self.bytes = bytes
    self.delimiter = delimiter ?? Self.likelyDelimiter(bytes[start...])
    var scanner = CSVScanner(bytes: bytes, delimiter: UInt8(self.delimiter.value), name: name)
    scanner.position = start
    var (cells, lines, columnCount) = ([Cell](), [Int](), 0)
    while let row = try scanner.nextRow() {
      if lines.isEmpty { columnCount = row.count }
      guard row.count == columnCount else {
        throw InputError(
          .badData,
          "\(name): line \(scanner.rowLine) has \(row.count) cells, expected \(columnCount) as in line "
            + "\(lines[0]): put cells that hold '\(Self.name(of: self.delimiter))' in quotes, or name another "
            + "--delimiter")
      }
      cells += row
      lines.append(scanner.rowLine)
    }
    guard !lines.isEmpty else {
      throw InputError(.badData, "\(name): has no rows: give a file with some")
    }
    (self.cells, self.lines, self.columnCount) = (cells, lines, columnCount)
  }

  /// What text in UTF-8 may begin with.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The text of a cell.
  package func text(_ row: Int, _ column: Int) -> String {
    let cell = cells[row * columnCount + column]
    let text = String(decoding: bytes[cell.start..<cell.end], as: UTF8.self)
    return cell.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
  }

  /// The line on which a row begins, from 1.
  package func line(of row: Int) -> Int { lines[row] }

  /// What a delimiter is called.
  static func name(of delimiter: Unicode.Scalar) -> String {
    delimiter == "\t" ? "tab" : "\(delimiter)"
  }

  private static func checkEncoding(_ bytes: [UInt8], name: String) throws {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw InputError(
        .badData,
        "\(name): is UTF-16, expected UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8")
    }
    if let place = bytes.firstIndex(of: 0) {
      throw InputError(
        .badData,
        "\(name): byte \(place) is 0, which text does not hold: give a text file (bytes are numbered from 0)"
      )
    }
    guard String(validating: bytes, as: UTF8.self) == nil else { return }
    var (decoder, iterator, line) = (UTF8(), bytes.makeIterator(), 1)
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      if scalar == "\n" { line += 1 }
    }
    throw InputError(
      .badData,
      "\(name): line \(line) is not UTF-8: convert the file, as with iconv -f LATIN1 -t UTF-8")
  }

  /// The delimiter that is most frequent in the first line that is not empty, outside quotes; a comma if there is none.
  private static func likelyDelimiter(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar {
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

/// Goes through a file of separated values row by row.
private struct CSVScanner {
  let bytes: [UInt8]
  let delimiter: UInt8
  let name: String
  var position = 0
  private var line = 1
  /// The line on which the latest row begins.
  private(set) var rowLine = 1

  init(bytes: [UInt8], delimiter: UInt8, name: String) {
    (self.bytes, self.delimiter, self.name) = (bytes, delimiter, name)
  }

  private static let quote = UInt8(ascii: "\"")
  private static let newLine = UInt8(ascii: "\n")

  /// The cells of the next row that is not empty; nil after the last.
  mutating func nextRow() throws -> [CSVFile.Cell]? {
    while position < bytes.count {
      rowLine = line
      var row: [CSVFile.Cell] = []
      var wasQuoted = false
      repeat {
        skipSpace()
        wasQuoted = next == Self.quote
        row.append(wasQuoted ? try quotedCell() : plainCell())
      } while skip(delimiter)
      _ = skip(Self.newLine)
      line += 1
      if row.count > 1 || wasQuoted || row[0].start < row[0].end { return row }
    }
    return nil
  }

  private mutating func plainCell() -> CSVFile.Cell {
    let start = position
    while let next, next != delimiter, next != Self.newLine { position += 1 }
    var end = position
    while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
    return CSVFile.Cell(start: start, end: end)
  }

  private mutating func quotedCell() throws -> CSVFile.Cell {
    let first = line
    position += 1
    var cell = CSVFile.Cell(start: position, end: position)
    while true {
      guard let byte = next else {
        throw InputError(
          .badData,
          "\(name): line \(first): a quote is not closed before the file ends: close it, or write a quote in a "
            + "cell as \"\"")
      }
      position += 1
      if byte == Self.newLine { line += 1 }
      guard byte == Self.quote else { continue }
      guard skip(Self.quote) else { break }
      cell.hasDoubledQuotes = true
    }
    cell.end = position - 1
    skipSpace()
    guard next == nil || next == delimiter || next == Self.newLine else {
      throw InputError(
        .badData,
        "\(name): line \(line): text follows a closing quote: write a quote in a cell as \"\", and put the cell "
          + "in quotes")
    }
    return cell
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let next, Self.isSpace(next), next != delimiter { position += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}
