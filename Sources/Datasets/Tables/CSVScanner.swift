import Hypertower

/// Goes through a file of separated values row by row.
struct CSVScanner {
  /// A place in the file, where a row begins.
  struct Place {
    /// The number of bytes before it.
    var position = 0
    /// The line, from 1.
    var line = 1
  }

  /// Where a cell lies in the file, without its quotes.
  struct Cell {
    var start: Int
    var end: Int
    var hasDoubledQuotes = false
  }

  let bytes: UnsafeBufferPointer<UInt8>
  private let delimiter: UInt8
  private let name: String
  /// Where the next row begins, or lines before it that are empty.
  var place = Place()
  /// Whether empty lines are rows of one cell without a value, except those at the end.
  var hasEmptyRows = false
  /// Where the next byte that is neither space nor the end of a line was found.
  private var nextText = 0
  /// Where the latest row begins.
  private(set) var row = Place()
  /// The cells of the latest row.
  private(set) var cells: [Cell] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>, delimiter: UInt8, name: String) {
    (self.bytes, self.delimiter, self.name) = (bytes, delimiter, name)
  }

  private static let quote = UInt8(ascii: "\"")
  private static let newLine = UInt8(ascii: "\n")

  /// Goes on to the next row; empty lines are none unless `hasEmptyRows` says so.
  ///
  /// - Returns: whether there is one.
  /// - Throws: `InputError(.badData)` for quotes in wrong places.
  mutating func nextRow() throws -> Bool {
    while place.position < bytes.count {
      row = place
      cells.removeAll(keepingCapacity: true)
      var wasQuoted = false
      repeat {
        skipSpace()
        wasQuoted = next == Self.quote
        cells.append(wasQuoted ? try quotedCell() : plainCell())
      } while skip(delimiter)
      _ = skip(Self.newLine)
      place.line += 1
      if cells.count > 1 || wasQuoted || cells[0].start < cells[0].end { return true }
      if hasEmptyRows && textFollows() { return true }
    }
    return false
  }

  private mutating func textFollows() -> Bool {
    nextText = max(nextText, place.position)
    while nextText < bytes.count, Self.isSpace(bytes[nextText]) || bytes[nextText] == Self.newLine {
      nextText += 1
    }
    return nextText < bytes.count
  }

  private mutating func plainCell() -> Cell {
    let start = place.position
    var end = start
    while end < bytes.count, bytes[end] != delimiter, bytes[end] != Self.newLine { end += 1 }
    place.position = end
    while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
    return Cell(start: start, end: end)
  }

  private mutating func quotedCell() throws -> Cell {
    let first = place.line
    place.position += 1
    var cell = Cell(start: place.position, end: place.position)
    while true {
      guard let byte = next else {
        throw InputError(
          .badData,
          "\(name): line \(first): a quote is not closed before the file ends: close it, or write a quote in a "
            + "cell as \"\"")
      }
      place.position += 1
      if byte == Self.newLine { place.line += 1 }
      guard byte == Self.quote else { continue }
      guard skip(Self.quote) else { break }
      cell.hasDoubledQuotes = true
    }
    cell.end = place.position - 1
    skipSpace()
    guard next == nil || next == delimiter || next == Self.newLine else {
      throw InputError(
        .badData,
        "\(name): line \(place.line): text follows a closing quote: write a quote in a cell as \"\", and put the "
          + "cell in quotes")
    }
    return cell
  }

  private var next: UInt8? { place.position < bytes.count ? bytes[place.position] : nil }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place.position += 1
    return true
  }

  private mutating func skipSpace() {
    while let next, Self.isSpace(next), next != delimiter { place.position += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}

/// The cells of a row of a file, valid while the file is scanned.
struct CSVRow {
  fileprivate let bytes: UnsafeBufferPointer<UInt8>
  fileprivate let cells: [CSVScanner.Cell]

  init(bytes: UnsafeBufferPointer<UInt8>, cells: [CSVScanner.Cell]) {
    (self.bytes, self.cells) = (bytes, cells)
  }

  /// The bytes of a cell, in which quotes may be doubled.
  func bytes(_ column: Int) -> UnsafeBufferPointer<UInt8> {
    let cell = cells[column]
    return UnsafeBufferPointer(rebasing: bytes[cell.start..<cell.end])
  }

  /// The text of a cell.
  func text(_ column: Int) -> String {
    let bytes = bytes(column)
    guard cells[column].hasDoubledQuotes else { return String(decoding: bytes, as: UTF8.self) }
    // Of bytes: in a text, a mark joins a quotation mark before it to one character.
    let quote = UInt8(ascii: "\"")
    var (text, isFirst) = ([UInt8](), false)
    for byte in bytes {
      isFirst = byte == quote && !isFirst
      if byte != quote || isFirst { text.append(byte) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
