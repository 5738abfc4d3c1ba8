import Foundation
import Hypertower
import Testing

/// The code in the articles about the library: it runs, and it is what the articles show.
@Suite(.serialized) struct ArticleTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let catalogue = root.appending(path: "Sources/Hypertower/Hypertower.docc")

  static let articles: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: catalogue.path)) ?? []
    return files.filter { $0.hasSuffix(".md") && $0 != "Hypertower.md" }
      .map { String($0.dropLast(3)) }.sorted()
  }()

  /// A file of the project.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The lines of each block of Swift in a page.
  private static func blocks(in page: String) -> [[Substring]] {
    page.components(separatedBy: "```swift\n").dropFirst().map { rest in
      Array(
        rest.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0 != "```" })
    }
  }

  /// Whether lines stand in a source one after another, all indented alike.
  private static func contains(_ source: [Substring], _ block: [Substring]) -> Bool {
    source.indices.contains { start in
      guard start + block.count <= source.count, source[start].hasSuffix(block[0]) else {
        return false
      }
      let indentation = source[start].dropLast(block[0].count)
      return indentation.allSatisfy { $0 == " " }
        && zip(source[start...], block).allSatisfy { $0 == ($1.isEmpty ? "" : indentation + $1) }
    }
  }

  @Test func allArticlesAreThere() {
    #expect(
      Self.articles == [
        "BringYourOwnData", "ChooseADevice", "HowATowerWorks", "TrainYourFirstModel",
        "WriteAModule", "WriteATrainingLoop", "WriteAnOptimizer",
      ])
  }

  /// Each block of an article is in the source of that name beside this one, or in an example.
  @Test(arguments: articles) func showsCodeThatRuns(article: String) throws {
    let page = try Self.text("Sources/Hypertower/Hypertower.docc/\(article).md")
    let sources = [
      "Tests/HypertowerTests/Articles/\(article).swift", "Examples/TrainingLoop.swift",
    ]
    .compactMap { try? Self.text($0).split(separator: "\n", omittingEmptySubsequences: false) }
    let blocks = Self.blocks(in: page)
    #expect(!blocks.isEmpty)
    for block in blocks {
      #expect(
        sources.contains { Self.contains($0, block) },
        "\(article) shows what no source has:\n\(block.joined(separator: "\n"))")
    }
  }

  /// `Tests/Interop/own-package` builds and runs it.
  @Test func showsThePackageThatIsTried() throws {
    let program = try Self.text("Tests/Interop/OwnPackage/main.swift")
    #expect(try Self.text("Docs/Swift.md").contains("```swift\n\(program)```\n"))
  }

  @Test func noticesCodeThatDiffers() {
    let source: [Substring] = ["func f() {", "    let a = 1", "", "      + 2", "}"]
    #expect(Self.contains(source, ["let a = 1", "", "  + 2"]))
    #expect(!Self.contains(source, ["let a = 1", "", "+ 2"]))
    #expect(!Self.contains(source, ["let a = 1", "  + 2"]))
    #expect(!Self.contains(source, ["a = 1"]))
    #expect(!Self.contains(source, ["}", "}"]))
  }

  // MARK: What the articles' code needs

  /// 200 points on two rings around the origin, of radius 1 and 2, each a class.
  let twoRings: Dataset = {
    let points = (0..<200).map { number -> (Float, Float) in
      let angle = Double(number) * 2.4
      let radius = number % 2 == 0 ? 1.0 : 2.0
      return (Float(radius * cos(angle)), Float(radius * sin(angle)))
    }
    return Dataset(
      count: 200, featureCount: 2, features: .floats(points.flatMap { [$0.0, $0.1] }),
      targets: .classes((0..<200).map { Int32($0 % 2) }, classCount: 2))
  }()

  /// A table with a column of numbers, one of texts, and missing cells.
  let flowerTable: String = {
    let rows = (0..<150).map { number -> String in
      let kind = number % 3
      let length = number % 11 == 5 ? "" : "\(Double(10 + 10 * kind) + Double(number % 7))"
      return "\(length),\(["red", "yellow", "blue"][(kind + number / 50) % 3]),"
        + ["rose", "tulip", "iris"][kind]
    }
    return (["length,colour,species"] + rows).joined(separator: "\n") + "\n"
  }()

  func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
