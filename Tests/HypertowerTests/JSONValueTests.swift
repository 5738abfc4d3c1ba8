import Hypertower
import Testing

private func parse(_ text: String) throws -> JSONValue {
  try JSONValue(parsing: text.utf8, name: "text")
}

private let badTexts: [(text: String, message: String)] = [
  ("", "at byte 0: ends here, expected a value"),
  ("  ", "at byte 2: ends here, expected a value"),
  ("nul", "at byte 0: found \"n\", expected null"),
  ("True", "at byte 0: found \"T\", expected a value"),
  ("NaN", "at byte 0: found \"N\", expected a value"),
  ("1 2", "at byte 2: found \"2\", expected the end of the text"),
  ("{}\0", "at byte 2: found byte 0, expected the end of the text"),
  ("01", "at byte 1: found \"1\", expected the end of the text"),
  ("+1", "at byte 0: found \"+\", expected a value"),
  ("-", "at byte 1: ends here, expected a digit"),
  ("1.", "at byte 2: ends here, expected a digit"),
  (".5", "at byte 0: found \".\", expected a value"),
  ("1e", "at byte 2: ends here, expected a digit"),
  ("1e+-1", "at byte 3: found \"-\", expected a digit"),
  ("[1,]", "at byte 3: found \"]\", expected a value"),
  ("[1 2]", "at byte 3: found \"2\", expected \",\" or \"]\""),
  ("[1", "at byte 2: ends here, expected \",\" or \"]\""),
  ("{\"a\":1,}", "at byte 7: found \"}\", expected a member's name in quotes"),
  ("{a:1}", "at byte 1: found \"a\", expected a member's name in quotes"),
  ("{\"a\" 1}", "at byte 5: found \"1\", expected \":\""),
  ("{\"a\":1;}", "at byte 6: found \";\", expected \",\" or \"}\""),
  ("{\"a\":1,\"b\":2,\"a\":1}", "at byte 13: \"a\" is there twice"),
  ("{\"a\":1,\"\\u0061\":1}", "at byte 7: \"a\" is there twice"),
  ("[{\"x\":{\"y\":0,\"y\":0}}]", "at byte 13: \"y\" is there twice"),
  ("\"a", "at byte 2: ends here, expected the string's closing quotation mark"),
  ("\"a\nb\"", "at byte 2: a control character in a string is not escaped"),
  (#""\x""#, "at byte 1: an unknown escape"),
  (#""\"#, "at byte 2: ends here, expected an escaped character"),
  (#""\u12"#, "at byte 3: found \"1\", expected four hexadecimal digits"),
  (#""\u+123""#, "at byte 3: found \"+\", expected four hexadecimal digits"),
  (#""\ud83d""#, "at byte 1: half of a surrogate pair"),
  (#""\ud83d\u0041""#, "at byte 1: half of a surrogate pair"),
  (#""\ud83d\n""#, "at byte 1: half of a surrogate pair"),
  (#""\ude00""#, "at byte 1: half of a surrogate pair"),
]

@Suite struct JSONValueTests {
  @Test(
    arguments: [
      ("null", .null),
      (" \t\r\n true ", .bool(true)),
      ("false", .bool(false)),
      ("0", .number("0")),
      ("-0.50e+10", .number("-0.50e+10")),
      ("12E-3", .number("12E-3")),
      (#""""#, .string("")),
      (#""a\"\\\/\b\f\n\r\té""#, .string("a\"\\/\u{8}\u{C}\n\r\té")),
      (#""\u00e9\u20AC\ud83D\uDe00\u0000""#, .string("é€😀\0")),
      ("[]", .array([])),
      ("[ 1 , [ ] ,null]", .array([.number("1"), .array([]), .null])),
      ("{ }", .object([:])),
      (
        #"{"a" : {"a": 1} , "b":[]}"#,
        .object(["a": .object(["a": .number("1")]), "b": .array([])])
      ),
    ] as [(String, JSONValue)])
  func parses(text: String, value: JSONValue) throws {
    #expect(try parse(text) == value)
    #expect(try parse(value.text) == value)
  }

  @Test(arguments: badTexts)
  func saysWhatIsWrong(text: String, message: String) {
    let error = #expect(throws: InputError.self) { try parse(text) }
    #expect(error?.kind == .badData)
    #expect(error?.message == "text: bad JSON \(message)")
  }

  @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]])
  func stringsAreUTF8(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    let error = #expect(throws: InputError.self) {
      try JSONValue(parsing: [quote] + bytes + [quote], name: "text")
    }
    #expect(error?.message == "text: bad JSON at byte 0: a string is no valid UTF-8")
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(nested(127))
    let error = #expect(throws: InputError.self) { try parse(nested(100_000)) }
    #expect(error?.message.hasSuffix("nested deeper than 127") == true)
  }

  @Test func numbersConvertOnlyWhereTheyFit() throws {
    #expect(try parse("-12").int == -12)
    #expect(try parse("9223372036854775807").int == .max)
    #expect(try parse("9223372036854775808").int == nil)
    #expect(try parse("1.0").int == nil)
    #expect(try parse("\"1\"").int == nil)
    #expect(try parse("0.1").double == 0.1)
    #expect(try parse("-1e308").double == -1e308)
    #expect(try parse("1e309").double == nil)
    #expect(try parse("[1]").double == nil)
  }

  @Test func writesMembersInOrder() {
    let value = JSONValue.object(["b": .array([.null, .bool(true)]), "a": .string("\u{1}\"\\/\n")])
    #expect(value.text == #"{"a":"\u0001\"\\/\n","b":[null,true]}"#)
  }
}
