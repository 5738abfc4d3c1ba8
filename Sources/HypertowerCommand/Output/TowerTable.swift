import Hypertower

/// A tower's levels with their hyperparameters, one level a line, group after group.
enum TowerTable {
  /// More lines than this are shortened on a terminal.
  private static let mostLines = 12
  /// Of these, so many of the lowest levels stay, and so many of the highest.
  private static let (lowest, highest) = (8, 3)

  private struct Row {
    let cells: [String]
    /// How many levels before it are not shown.
    var levelsLeftOut = 0
  }

  /// A group's levels in a row that are alike.
  private struct Levels {
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

    func isContinued(by next: Levels) -> Bool {
      group == next.group && name == next.name && values == next.values
    }
  }

  /// - Parameter width: the columns of the terminal that they are for, on which levels in a row that are alike
  ///   share a line, those in the middle of many are left out, and lines end where the terminal does; nil: it is
  ///   none, and all there is to say is said.
  static func lines(_ tower: Tower, width: Int?) -> [String] {
    let rows = tower.groups.flatMap { group -> [Row] in
      let name = group.selector?.description
      guard !group.isFrozen else { return [Row(cells: [name ?? "", "frozen", "", ""])] }
      let levels = group.levels.enumerated().map {
        Levels(group: name, range: $0...$0, name: $1.name, values: values(of: $1))
      }
      return width == nil ? levels.map { Row(cells: $0.cells) } : shortened(levels)
    }
    var lines = table(rows.map(\.cells))
    guard let width else { return lines }
    // From the last one on, so that the places of those before stay.
    for (place, row) in rows.enumerated().reversed() where row.levelsLeftOut > 0 {
      lines.insert("… \(row.levelsLeftOut) more levels", at: place)
    }
    return lines.map { $0.count <= width ? $0 : $0.prefix(max(0, width - 1)) + "…" }
  }

  private static func shortened(_ levels: [Levels]) -> [Row] {
    var joined: [Levels] = []
    for own in levels {
      if let last = joined.last, last.isContinued(by: own) {
        joined[joined.count - 1].range = last.range.lowerBound...own.range.upperBound
      } else {
        joined.append(own)
      }
    }
    guard joined.count > mostLines else { return joined.map { Row(cells: $0.cells) } }
    let left = lowest..<joined.count - highest
    var rows = joined.map { Row(cells: $0.cells) }
    rows.removeSubrange(left)
    rows[lowest].levelsLeftOut = joined[left].reduce(0) { $0 + $1.range.count }
    return rows
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
