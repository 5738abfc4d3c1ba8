/// How many work-items a kernel runs with, and in what groups.
///
/// Make it once and keep it: enqueuing with it allocates nothing.
package struct LaunchSize: Sendable, Equatable, CustomStringConvertible {
  /// Work-items in each of one to three dimensions.
  package let global: [Int]
  /// Work-items of a group in each dimension; nil leaves the choice to the driver.
  package let local: [Int]?

  /// - Precondition: One to three dimensions, the same for both sizes; no global size is negative,
  ///   every local size is positive and divides the global one, as OpenCL C 1.2 requires.
  package init(global: [Int], local: [Int]? = nil) {
    require(
      (1...3).contains(global.count), "LaunchSize: \(global.count) dimensions, not 1 to 3")
    require(global.allSatisfy { $0 >= 0 }, "LaunchSize: global size \(global)")
    if let local {
      require(
        local.count == global.count && zip(global, local).allSatisfy { $1 > 0 && $0 % $1 == 0 },
        "LaunchSize: local size \(local) does not divide global size \(global)")
    }
    self.global = global
    self.local = local
  }

  /// Whether there are no work-items at all.
  package var isEmpty: Bool { global.contains(0) }

  package var description: String { "global \(global), local \(local.map { "\($0)" } ?? "any")" }
}
