import Hypertower
import Testing

@testable import Datasets

@Suite("Texts of characters")
struct CharacterTextTests {
  private func message(_ bytes: [UInt8], vocabulary: Vocabulary? = nil, length: Int = 2) -> String {
    do {
      let text = try CharacterText(bytes, vocabulary: vocabulary, name: "text")
      _ = try text.datasets(length: length, seed: nil)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("The vocabulary is the distinct scalars in order, and tokens are their places")
  func vocabulary() throws {
    let text = try CharacterText(Array("aé\r\nb aé😀".utf8), name: "text")
    #expect(text.vocabulary.scalars == ["\n", "\r", " ", "a", "b", "é", "😀"])
    #expect(text.tokens == [3, 5, 1, 0, 4, 2, 3, 5, 6])
    #expect(text.vocabulary.text(of: text.tokens) == "aé\r\nb aé😀")
    #expect(Vocabulary(of: text.vocabulary.text.unicodeScalars) == text.vocabulary)
  }

  @Test("The last tenth is for validation, and a seed moves the first window")
  func parts() throws {
    let text = try CharacterText(
      Array((0..<205).map { UInt8(ascii: "a") + UInt8($0 % 26) }), name: "text")
    func windows(_ seed: UInt64?) throws -> (train: TokenWindows, validation: TokenWindows) {
      let (train, validation) = try text.datasets(length: 6, seed: seed)
      guard case .windows(let own) = train.features, case .windows(let other) = validation.features
      else { throw InputError(.usage, "no windows") }
      return (own, other)
    }
    let plain = try windows(nil)
    #expect(plain.train.tokens == Array(text.tokens[..<185]))
    #expect(plain.validation.tokens == Array(text.tokens[185...]))
    #expect((plain.train.count, plain.validation.count) == (30, 3))
    let starts = try (0..<20).map { try windows($0).train.start }
    #expect(starts.allSatisfy { 0..<6 ~= $0 } && Set(starts).count > 3)
    #expect(try windows(7).validation.start == 0)
  }

  @Test("What is wrong with a text is named with its place and a remedy")
  func faults() {
    #expect(message([]) == "text: is empty, expected a text: give a file with some")
    #expect(message(Array("aé".utf8) + [0xFF, 97]).contains("is not UTF-8: at byte 3 there"))
    #expect(
      message([97, 97]).contains("contains a single distinct character, expected at least 2"))
    #expect(message([97, 98]).contains("2 characters are too few: windows of 2 need at least 30"))
    #expect(message(Array("ab".utf8).repeated(15)) == "")
    #expect(
      message(Array("abé".utf8), vocabulary: Vocabulary(of: "ab".unicodeScalars)).contains(
        "character 2 is 'é' (U+00E9), which the 2 characters of the model's vocabulary lack"))
  }
}

extension [UInt8] {
  fileprivate func repeated(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { _ in self }
  }
}
