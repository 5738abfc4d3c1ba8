/// A block of a plot's data, which gnuplot calls an index.
struct PlotBlock {
  let columns: [String]
  /// Rows of cells; where a row is empty, a scan of a surface ends.
  let rows: [[String]]
  /// Whether a row has a place and a value there.
  let hasPoints: Bool

  /// - Parameter rows: numbers; nil, and what is not finite, is missing.
  init(_ columns: [String], _ rows: [[Double?]]) {
    self.columns = columns
    self.rows = rows.map { $0.map(Self.text) }
    hasPoints = Self.hasPoints(rows)
  }

  /// - Parameter labels: the first cell of every row.
  init(_ columns: [String], _ labels: [String], _ rows: [[Double?]]) {
    self.columns = columns
    self.rows = zip(labels, rows).map { [$0.replacing("\t", with: " ")] + $1.map(Self.text) }
    hasPoints = Self.hasPoints(rows)
  }

  private static func hasPoints(_ rows: [[Double?]]) -> Bool {
    rows.contains { row in row.dropFirst().contains { $0.map(\.isFinite) ?? false } }
  }

  private static func text(_ value: Double?) -> String {
    value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "?"
  }

  var text: String {
    ([columns] + rows).map { $0.joined(separator: "\t") }.joined(separator: "\n")
  }
}
