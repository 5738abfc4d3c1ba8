import Glibc

/// Whether `make stress` runs the tests, and every combination is worth its time.
let isStressed = getenv("HYPERTOWER_STRESS") != nil

/// How many cases a test tries: a few, or as many as `make stress` asks for.
func caseCount(_ few: Int, stress: Int) -> Int { isStressed ? stress : few }

extension Array {
  /// `count` elements from number `start` on, beginning again at the end: where two lists are
  /// combined, each element of one meets some of the other, and in the end all occur. `make stress`
  /// takes all combinations.
  func some(_ count: Int, from start: Int) -> [Element] {
    isStressed ? self : (0..<count).map { self[(start + $0) % self.count] }
  }
}
