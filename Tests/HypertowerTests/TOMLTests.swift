import Hypertower
import Testing

private func parse(_ text: String) throws -> TOMLTable {
  try TOMLTable(parsing: text.utf8, name: "file")
}

private let badTexts: [(text: String, message: String)] = [
  ("a", "file:1: the file ends, expected \"=\" after the key 'a'"),
  ("a\n= 1", "file:1: the line ends, expected \"=\" after the key 'a'"),
  ("\n\na = ", "file:3: the file ends, expected a value"),
  ("a = 1 b = 2", "file:1: found \"b\", expected the end of the line"),
  ("a = 1\nb = 2\na = 3", "file:3: 'a' is there already, in line 1"),
  ("a.b = 1\na = 3", "file:2: 'a' is there already, in line 1"),
  ("a = 1\na.b = 3", "file:2: 'a' is there already, in line 1"),
  ("a = {b = 1}\na.c = 3", "file:2: 'a' is there already, in line 1"),
  ("[a]\n[a]", "file:2: 'a' is there already, in line 1"),
  ("[a.b]\nc = 1\n[a]\nb.d = 1", "file:4: 'b' is there already, in line 1"),
  ("a.b = 1\n[a]", "file:2: 'a' is there already, in line 1"),
  ("a = {b = 1}\n[a.c]", "file:2: 'a' is there already, in line 1"),
  ("[[a]]", "file:1: arrays of tables are not read"),
  ("[a", "file:1: the file ends, expected \"]\""),
  ("= 1", "file:1: found \"=\", expected a key"),
  ("a = yes", "file:1: 'yes' is no value: texts stand in quotation marks"),
  ("a = 01", "file:1: '01' is no value"),
  ("a = 1__0", "file:1: '1__0' is no value"),
  ("a = 1.", "file:1: '1.' is no value"),
  ("a = .5", "file:1: '.5' is no value"),
  ("a = 1e", "file:1: '1e' is no value"),
  ("a = 0x", "file:1: '0x' is no value"),
  ("a = 0x10000000000000000", "file:1: '0x10000000000000000' is no value"),
  ("a = 2026-11-30", "file:1: '2026-11-30' is a date or a time"),
  ("a = 07:30:00", "file:1: '07:30:00' is a date or a time"),
  ("a = [1, 2", "file:1: the file ends, expected \",\" or \"]\""),
  ("a = [\n1\n2]", "file:3: found \"2\", expected \",\" or \"]\""),
  ("a = {b = 1\n}", "file:1: the line ends, expected \",\" or \"}\" on the same line"),
  ("a = {b = 1,}", "file:1: found \"}\", expected a key"),
  ("a = \"b", "file:1: the file ends, expected the string's closing marks"),
  ("a = 'b\nc'", "file:1: the line ends, expected the string's closing marks"),
  ("\na = \"\"\"b\nc", "file:3: the file ends, expected the string's closing marks"),
  (#"a = "\q""#, #"file:1: the unknown escape '\q': a string in apostrophes has no escapes"#),
  (#"a = "\ud800""#, "file:1: an escape that is no character"),
  (#"a = "\u12""#, "file:1: an escape that is no character"),
  ("a = \"\u{1}\"", "file:1: the control character 1 is not allowed here"),
  ("# \u{7F}", "file:1: the control character 127 is not allowed here"),
  ("a = " + String(repeating: "[", count: 40), "file:1: nested deeper than 32"),
  ("a = " + String(repeating: "{b=", count: 40), "file:1: nested deeper than 32"),
  (String(repeating: "a.", count: 40) + "a = 1", "file:1: nested deeper than 32"),
]

@Suite("TOML documents")
struct TOMLTests {
  @Test("Keys keep their order and their lines")
  func keys() throws {
    let table = try parse(
      "# one\n\nb = 1 # two\r\n\"a b\" = 2\n'c' . d = 3\nc.e = 4\n[t.u]\nx = 5\n[t]\ny = 6")
    #expect(table.entries.map(\.key) == ["b", "a b", "c", "t"])
    #expect(table.entries.map(\.line) == [3, 4, 5, 7])
    #expect(
      table.entries[2].value
        == .table(
          TOMLTable(entries: [
            .init(key: "d", line: 5, value: .integer("3")),
            .init(key: "e", line: 6, value: .integer("4")),
          ])))
    #expect(
      table.entries[3].value
        == .table(
          TOMLTable(entries: [
            .init(
              key: "u", line: 7,
              value: .table(TOMLTable(entries: [.init(key: "x", line: 8, value: .integer("5"))]))),
            .init(key: "y", line: 10, value: .integer("6")),
          ])))
    #expect(try parse("").entries.isEmpty)
    #expect(try parse("\u{FEFF}a = 1").entries.count == 1)
  }

  @Test(
    "Values",
    arguments: [
      ("1_000", .integer("1000")), ("+7", .integer("7")), ("-7", .integer("-7")),
      ("-0", .integer("0")), ("0xfF", .integer("255")), ("0o17", .integer("15")),
      ("0b1_01", .integer("5")), ("18446744073709551615", .integer("18446744073709551615")),
      ("1.5", .float("1.5")), ("-1_0.2_5e+0_3", .float("-10.25e03")), ("1e-5", .float("1e-5")),
      ("inf", .float("inf")), ("-inf", .float("-inf")), ("+nan", .float("nan")),
      ("true", .bool(true)), ("false", .bool(false)),
      ("[ ]", .array([])),
      ("[1, # one\n 'b',\n]", .array([.integer("1"), .string("b")])),
      ("{ }", .table(TOMLTable(entries: []))),
      ("{b = 'c'}", .table(TOMLTable(entries: [.init(key: "b", line: 1, value: .string("c"))]))),
      (#""é\t\"\\\u00e9\U0001F600""#, .string("é\t\"\\é😀")),
      (#"'C:\n "x"'"#, .string(#"C:\n "x""#)),
      ("\"\"\"\na\nb \\\n   c\"\"\"\"", .string("a\nb c\"")),
      ("'''\n'a'\\''''", .string("'a'\\'")),
    ] as [(String, TOMLValue)])
  func values(_ text: String, _ value: TOMLValue) throws {
    #expect(try parse("a = \(text)").entries.map(\.value) == [value])
  }

  @Test("Bad texts are refused with the line", arguments: badTexts)
  func faults(_ text: String, _ message: String) {
    let error = #expect(throws: InputError.self) { try parse(text) }
    #expect(error?.kind == .badData)
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
  }

  @Test("A text in quotation marks is read as it was")
  func quoting() throws {
    let text = "a\"b\\c\td\ne\u{1}\u{7F}é😀'"
    #expect(try parse("a = \(TOMLValue.quoted(text))").entries[0].value == .string(text))
  }
}
