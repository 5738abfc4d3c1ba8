import Hypertower
import Testing

@testable import Datasets

@Suite("Files of separated values")
struct CSVFileTests {
  private func rows(_ text: String, delimiter: Unicode.Scalar? = nil) throws -> [[String]] {
    let file = try CSVFile(Array(text.utf8), name: "file", delimiter: delimiter)
    return (0..<file.rowCount).map { row in
      (0..<file.columnCount).map { file.text(row, $0) }
    }
  }

  @Test(
    "Cells are what RFC 4180 says",
    arguments: [
      ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
      ("\u{FEFF}a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\n\"1,5\",\"x \"\"y\"\"\"\n", [["a", "b"], ["1,5", "x \"y\""]]),
      ("a\n\"\"\"x\"\"\u{301}\"\"\"\"\"\n", [["a"], ["\"x\"\u{301}\"\""]]),
      ("a,b\n\"two\r\nlines\",\n", [["a", "b"], ["two\r\nlines", ""]]),
      ("a, b\n 1 ,  \" 2 \" \n", [["a", "b"], ["1", " 2 "]]),
      ("a,b\n\n5\" pipe,2\n\n", [["a", "b"], ["5\" pipe", "2"]]),
      ("a\n\"\"\n1\n", [["a"], [""], ["1"]]),
      (",\n,\n", [["", ""], ["", ""]]),
      ("\na\r\n1\r\n\r\n \r\n2\r\n\r\n", [["a"], ["1"], [""], [""], ["2"]]),
      ("a\n\n\n", [["a"]]),
    ] as [(String, [[String]])])
  func cells(text: String, expected: [[String]]) throws {
    #expect(try rows(text) == expected)
  }

  @Test(
    "A file that changes while it is in use is an error with the line",
    arguments: ["a,b\n1,2\n3 4\n5,6\n", "a,b\n1,2\n3,4     ", "a,b\n1,2\n\n\n\n\n\n\n\n\n"])
  func changes(text: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/t.csv"
      try AtomicFile.write(Array("a,b\n1,2\n3,4\n5,6\n".utf8), to: path)
      let file = try CSVFile(
        contentsOf: path, delimiter: ",", in: MemoryBudget(limit: 0, folder: folder))
      try #require(text.utf8.count == 16)
      // Where it lies, which is mapped.
      _ = try outputOfShell("printf '\(text.replacing("\n", with: "\\n"))' 1<>\(path)")
      let error = try #require(throws: InputError.self) { try file.forEachRow(0..<4) { _, _ in } }
      #expect(error.kind == .badData)
      #expect("\(error)".contains("t.csv: changed while it was read, from line"))
      #expect(file.text(3, 1).count <= 1)
    }
  }

  @Test("The delimiter is the most frequent one of the first line, outside quotes")
  func delimiters() throws {
    #expect(try rows("a;b\n1,5;2\n") == [["a", "b"], ["1,5", "2"]])
    #expect(try rows("a\tb\tc\n1\t\t3\n") == [["a", "b", "c"], ["1", "", "3"]])
    #expect(try rows("a|b\n1|2\n") == [["a", "b"], ["1", "2"]])
    #expect(try rows("\"a;b;c\",d\n1,2\n") == [["a;b;c", "d"], ["1", "2"]])
    #expect(try rows("a,b;c\n1,2;3\n", delimiter: ";") == [["a,b", "c"], ["1,2", "3"]])
    #expect(try rows("alone\n1\n") == [["alone"], ["1"]])
  }

  @Test("Characters of several bytes are whole wherever the file is divided to check it")
  func longText() throws {
    for start in ["a\n", "ab\n", "abc\n"] {
      let cell = String(repeating: "東", count: 300_000)
      #expect(try rows(start + cell) == [[String(start.dropLast())], [cell]])
    }
  }

  @Test("Rows are found in any order")
  func farRows() throws {
    let text = "n,q\n" + (0..<2000).map { "\($0),\"\($0)\n\"\n\n" }.joined()
    let file = try CSVFile(Array(text.utf8), name: "file")
    #expect(file.rowCount == 2001)
    for row in [2000, 1, 255, 256, 257, 0, 1024] {
      #expect(file.text(row, 0) == (row == 0 ? "n" : "\(row - 1)"))
      #expect(file.line(of: row) == (row == 0 ? 1 : 3 * row - 1))
    }
  }

  @Test("A row knows its line, however many lines cells have")
  func lines() throws {
    let file = try CSVFile(Array("a,b\n\"1\n2\",\n\n3,\n".utf8), name: "file")
    #expect((0..<3).map(file.line) == [1, 2, 5])
  }

  @Test(
    "Faults are named with their line and what to do",
    arguments: [
      ([UInt8]("".utf8), "file: has no rows: give a file with some"),
      (
        [UInt8]("a,b\n1,2\n3\n".utf8),
        "file: line 3 has 1 cells, expected 2 as in line 1: put cells that hold ',' in quotes, or name "
          + "another --delimiter"
      ),
      (
        [UInt8]("a\tb\n1\t2\t3\n".utf8),
        "file: line 2 has 3 cells, expected 2 as in line 1: put cells that hold 'tab' in quotes, or name "
          + "another --delimiter"
      ),
      (
        [UInt8]("a,b\n1,\"2\n3,4\n".utf8),
        "file: line 2: a quote is not closed before the file ends: close it, or write a quote in a cell as \"\""
      ),
      (
        [UInt8]("a,b\n\"1\"2,3\n".utf8),
        "file: line 2: text follows a closing quote: write a quote in a cell as \"\", and put the cell in quotes"
      ),
      (
        [UInt8]("a,b\nx,".utf8) + [0xE9, 0x0A],
        "file: line 2 is not UTF-8: convert the file, as with iconv -f LATIN1 -t UTF-8"
      ),
      (
        [0xFF, 0xFE, 0x61, 0],
        "file: is UTF-16, expected UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8"
      ),
      (
        [0x61, 0, 0x0A],
        "file: byte 1 is 0, which text does not hold: give a text file (bytes are numbered from 0)"
      ),
    ] as [([UInt8], String)])
  func faults(bytes: [UInt8], message: String) {
    let error = #expect(throws: InputError.self) { try CSVFile(bytes, name: "file") }
    #expect(error?.kind == .badData)
    #expect(error?.message == message)
  }
}
