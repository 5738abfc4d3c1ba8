import Hypertower

/// A level of a tower, of one group of parameters where there are some.
struct TowerLevel {
  /// The group's selector; nil where there are no groups.
  let group: String?
  /// Counted from the bottom of the group's tower, from 0.
  let number: Int
  let rule: UpdateRule
  /// Whether no level tunes it.
  let isTop: Bool

  /// What plots call it: `level 0`, or `biases, level 0`.
  var label: String { (group.map { "\($0), " } ?? "") + "level \(number)" }
}

extension Tower {
  /// The levels of all groups that move, one group after another, as step records have them.
  var allLevels: [TowerLevel] {
    groups.flatMap { group in
      group.levels.enumerated().map { number, rule in
        TowerLevel(
          group: group.selector?.description, number: number, rule: rule,
          isTop: number + 1 == group.levels.count)
      }
    }
  }
}
