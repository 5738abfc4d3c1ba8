import Hypertower

/// A tower's levels with their hyperparameters, one level a line, group after group.
enum TowerTable {
  /// More lines than this are shortened on a terminal.
  private static let mostLines = 12
  /// Of these, so many of the lowest levels stay, and so many of the highest.
  private static let (lowest, highest) = (8, 3)

  /// A group's levels in a row that are alike.
  private struct Row {
    let group: String?
    var range: ClosedRange<Int>
    let name: String
    let values: String

    var cells: [String] {
      (group.map { [$0] } ?? []) + [
        range.count == 1
          ? "level \(range.lowerBound)" : "levels \(range.lowerBound)–\(range.upperBound)",
        name, values,
      ]
    }

    func isContinued(by next: Row) -> Bool {
      group == next.group && name == next.name && values == next.values
    }
  }

  /// - Parameter width: the columns of the terminal that they are for, on which levels in a row that are alike
  ///   share a line, those in the middle of many are left out, and lines end where the terminal does; nil: it is
  ///   none, and all there is to say is said.
  static func lines(_ tower: Tower, width: Int?) -> [String] {
    let cells = tower.groups.flatMap { group -> [[String]] in
      let name = group.selector?.description
      guard !group.isFrozen else { return [[name ?? "", "frozen", "", ""]] }
      let rows = group.levels.enumerated().map {
        Row(group: name, range: $0...$0, name: $1.name, values: values(of: $1))
      }
      return width == nil ? rows.map(\.cells) : shortened(rows)
    }
    let lines = table(cells)
    guard let width else { return lines }
    return lines.map { $0.count <= width ? $0 : $0.prefix(max(0, width - 1)) + "…" }
  }

  private static func shortened(_ rows: [Row]) -> [[String]] {
    var joined: [Row] = []
    for row in rows {
      if let last = joined.last, last.isContinued(by: row) {
        joined[joined.count - 1].range = last.range.lowerBound...row.range.upperBound
      } else {
        joined.append(row)
      }
    }
    var cells = joined.map(\.cells)
    if joined.count > mostLines {
      let left = lowest..<joined.count - highest
      let count = joined[left].reduce(0) { $0 + $1.range.count }
      let group = joined[0].group.map { [$0] } ?? []
      cells.replaceSubrange(left, with: [group + ["…", "\(count) more levels"]])
    }
    return cells
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
