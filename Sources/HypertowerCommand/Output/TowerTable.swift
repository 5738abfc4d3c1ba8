import Hypertower

/// A tower's levels with their hyperparameters, one level a line, group after group.
enum TowerTable {
  static func lines(_ tower: Tower) -> [String] {
    table(
      tower.groups.flatMap { group -> [[String]] in
        let name = group.selector.map { ["\($0)"] } ?? []
        if group.isFrozen { return [name + ["frozen", "", ""]] }
        return group.levels.enumerated().map { number, rule in
          name + ["level \(number)", rule.name, values(of: rule)]
        }
      })
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
