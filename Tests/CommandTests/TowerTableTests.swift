import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Tables of towers")
struct TowerTableTests {
  private func tower(_ count: Int, _ rate: (Int) -> Double) throws -> Tower {
    try Tower(parsing: (0..<count).map { "adam(\(rate($0)))" }.joined(separator: " / "))
  }

  @Test("On a terminal a tall tower takes few lines, none wider than it")
  func terminal() throws {
    let different = try tower(50) { 0.001 * Double($0 + 1) }
    for width in [1, 12, 40, 78, 200] {
      let lines = TowerTable.lines(different, width: width)
      #expect(lines.count == 12)
      #expect(lines.allSatisfy { $0.count <= width })
    }
    let lines = TowerTable.lines(different, width: 200)
    try #require(lines.count == 12)
    #expect(lines[7].hasPrefix("level 7   adam"), "\(lines)")
    #expect(lines[8] == "… 39 more levels")
    #expect(lines[11].hasPrefix("level 49"))
    // On a narrow one the step sizes stay.
    #expect(TowerTable.lines(different, width: 28)[6] == "level 6   adam  alpha 0.007…")
    // Levels that are alike share a line.
    let alike = TowerTable.lines(try tower(50) { $0 < 2 ? 0.1 + Double($0) : 0.001 }, width: 200)
    try #require(alike.count == 3)
    #expect(alike[2].hasPrefix("levels 2–49  adam"), "\(alike)")
  }

  @Test("Where it is no terminal, nothing is left out")
  func file() throws {
    let lines = TowerTable.lines(try tower(50) { _ in 0.001 }, width: nil)
    #expect(lines.count == 50)
    #expect(lines[49] == "level 49  adam  alpha 0.001  beta1 0.9  beta2 0.999  eps 1e-08")
  }
}
