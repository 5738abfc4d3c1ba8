import Hypertower

/// A tower's levels with their hyperparameters, one level a line.
enum TowerTable {
  /// More lines than this are shortened on a terminal.
  private static let mostLines = 12
  /// Of these, so many of the lowest levels stay, and so many of the highest.
  private static let (lowest, highest) = (8, 3)

  /// - Parameter width: the columns of the terminal that they are for, on which levels in a row that are alike
  ///   share a line, those in the middle of many are left out, and lines end where the terminal does; nil: it is
  ///   none, and all there is to say is said.
  static func lines(_ tower: Tower, width: Int?) -> [String] {
    let levels = tower.levels.enumerated().map {
      (range: $0...$0, name: $1.name, values: values(of: $1))
    }
    guard let width else { return table(levels.map(row)) }
    var groups: [(range: ClosedRange<Int>, name: String, values: String)] = []
    for level in levels {
      if let last = groups.last, last.name == level.name, last.values == level.values {
        groups[groups.count - 1].range = last.range.lowerBound...level.range.upperBound
      } else {
        groups.append(level)
      }
    }
    var lines = table(groups.map(row))
    if lines.count > mostLines {
      let left = lowest..<groups.count - highest
      let count = groups[left].reduce(0) { $0 + $1.range.count }
      lines.replaceSubrange(left, with: ["… \(count) more levels"])
    }
    return lines.map { $0.count <= width ? $0 : $0.prefix(max(0, width - 1)) + "…" }
  }

  private static func row(
    _ level: (range: ClosedRange<Int>, name: String, values: String)
  ) -> [String] {
    let range = level.range
    return [
      range.count == 1
        ? "level \(range.lowerBound)" : "levels \(range.lowerBound)–\(range.upperBound)",
      level.name, level.values,
    ]
  }

  /// The hyperparameters in four digits, or their schedules: a table is to be read, the notation above it
  /// is exact.
  private static func values(of rule: UpdateRule) -> String {
    let own = rule.tensorValues.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let shared = rule.hyperparameters.map { ($0.name, $0.value) }
    let schedules = rule.hyperparameters.compactMap { own in
      own.scheduleText.map { (own.name, $0) }
    }
    return (own.isEmpty ? shared : own)
      .map { name, value in
        let schedule = schedules.first { name == $0.0 || name.hasSuffix("_\($0.0)") }
        return "\(name) " + (schedule?.1 ?? formatted("%.4g", value))
      }
      .joined(separator: "  ")
  }
}
