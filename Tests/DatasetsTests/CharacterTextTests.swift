import Hypertower
import Testing

@testable import Datasets

@Suite("Texts of characters")
struct CharacterTextTests {
  private func message(_ bytes: [UInt8], vocabulary: Vocabulary? = nil, length: Int = 2) -> String {
    do {
      let text = try CharacterText(bytes, vocabulary: vocabulary, name: "text")
      _ = try text.datasets(length: length)
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

  @Test("A text of the program is read like a file")
  func string() throws {
    let text = try CharacterText("aé\r\nb a")
    #expect(text.vocabulary.scalars == ["\n", "\r", " ", "a", "b", "é"])
    #expect(text.tokens == [3, 5, 1, 0, 4, 2, 3])
    let error = #expect(throws: InputError.self) {
      try CharacterText("ac", vocabulary: text.vocabulary)
    }
    #expect(error?.message.hasPrefix("the text: character 1 is 'c' (U+0063)") == true)
  }

  @Test("The last tenth is for validation, and epochs of the rest begin at offsets of their own")
  func parts() throws {
    let text = try CharacterText(
      Array((0..<205).map { UInt8(ascii: "a") + UInt8($0 % 26) }), name: "text")
    let (train, validation) = try text.datasets(length: 6)
    guard case .windows(let own) = train.features, case .windows(let other) = validation.features
    else {
      Issue.record("no windows")
      return
    }
    #expect(own.tokens == Array(text.tokens[..<185]))
    #expect(other.tokens == Array(text.tokens[185...]))
    // At offset 5 the last of 29 windows and its target end at token 5 + 29 · 6.
    #expect((own.count, other.count) == (29, 3))
    #expect((own.movesEachEpoch, other.movesEachEpoch) == (true, false))
  }

  @Test(
    "A text is the same on disk, in part or whole, and in memory", arguments: [0, 5000, 20_000])
  func onDisk(limit: Int) throws {
    let characters = "aé\r\nb aé😀xyz,".unicodeScalars
    let string = String(
      String.UnicodeScalarView(
        (0..<6000).map {
          characters[
            characters.index(
              characters.startIndex, offsetBy: $0 * $0 % 7 + $0 % 5)]
        }))
    let whole = try CharacterText(string)
    #expect(whole.diskNote == nil)
    try withTemporaryFolder { folder in
      let path = folder + "/text"
      try AtomicFile.write(Array(string.utf8), to: path)
      let text = try CharacterText(contentsOf: path, in: MemoryBudget(limit: limit, folder: folder))
      #expect(
        text.diskNote?.hasPrefix("\(path): characters are in a temporary file in \(folder), since")
          == true)
      #expect(text.vocabulary == whole.vocabulary)
      #expect(text.tokens == whole.tokens)
      let (own, other) = (try text.datasets(length: 50), try whole.datasets(length: 50))
      for (own, other) in [(own.train, other.train), (own.validation, other.validation)] {
        guard case .windows(let windows) = own.features, case .mapped = windows.storage else {
          Issue.record("the tokens are in memory")
          continue
        }
        #expect(own.count == other.count)
        #expect(own.features(of: 0..<own.count) == other.features(of: 0..<other.count))
        #expect(
          try own.targetRows.floats(of: 0..<own.count)
            == other.targetRows.floats(of: 0..<other.count))
      }
      let fault = #expect(throws: InputError.self) {
        try CharacterText(
          contentsOf: path, vocabulary: Vocabulary(of: "aé".unicodeScalars),
          in: MemoryBudget(limit: limit, folder: folder))
      }
      #expect(fault?.message.contains("which the 2 characters of the model's") == true)
    }
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
