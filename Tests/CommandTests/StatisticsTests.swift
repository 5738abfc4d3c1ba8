import Testing

@testable import HypertowerCommand

@Suite("Statistics")
struct StatisticsTests {
  @Test("Means and deviations")
  func means() throws {
    #expect([2.0, 4, 9].mean == 5)
    #expect(try #require([2.0, 4, 9].standardDeviation) == 13.0.squareRoot())
    #expect([5.0].standardDeviation == nil)
  }

  @Test("Runs that diverged are counted, not passed over")
  func seeds() {
    #expect(SeedValues([1, 2, 3]).text("%.1f") == "2.0 ± 1.0")
    #expect(SeedValues([1, nil, 3]).text("%.1f") == "2.0 ± 1.4 (2 of 3)")
    #expect(SeedValues([nil, 3]).text("%.1f") == "3.0 (1 of 2)")
    #expect(SeedValues([nil, nil]).text("%.1f") == "diverged")
    #expect(SeedValues([]).text("%.1f") == "")
  }

  /// Anscombe's first data set, as textbooks and R's `lm` and `confint` have it: y = 3 + 0.5·x, whose
  /// slope has a standard error of 0.1179 and t(9) = 2.2622.
  @Test("A line through points, with the interval of its slope")
  func line() {
    let x: [Double] = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    let fit = LinearFit(zip(x, y).map { (x: $0, y: $1) })
    #expect(abs(fit.slope - 0.5001) < 1e-4)
    #expect(abs(fit.intercept - 3.0001) < 1e-4)
    #expect(abs(fit.slopeInterval - 0.2667) < 1e-4)
  }
}
