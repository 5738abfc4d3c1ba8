import ArgumentParser

/// The widths of a network's hidden layers as a list such as `256,128`.
struct HiddenWidths: ExpressibleByArgument {
  /// Wide enough for any network of dense layers that fits into a machine.
  private static let greatest = 1 << 24

  let widths: [Int]

  init(_ widths: [Int]) { self.widths = widths }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let widths = parts.compactMap { Int($0.filter { $0 != " " }) }
    guard widths.count == parts.count, widths.allSatisfy({ 1...Self.greatest ~= $0 }) else {
      return nil
    }
    self.widths = widths
  }

  var defaultValueDescription: String { widths.map(String.init).joined(separator: ",") }
}
