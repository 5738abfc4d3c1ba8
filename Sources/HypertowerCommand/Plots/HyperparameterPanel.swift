import Hypertower

/// The hyperparameters that are drawn together.
///
/// Each hyperparameter that is tuned, those of every level but the top, has a panel; in a tall tower those of one
/// kind share a panel.
struct HyperparameterPanel {
  let title: String
  /// What they are to their rules: `alpha`, where a name may be `w1_alpha`.
  let kind: String
  private(set) var lines: [Line]

  /// A hyperparameter of a level.
  struct Line {
    let owner: TowerLevel
    /// The number of its level, counted over all groups.
    let level: Int
    /// Its place among those of its level.
    let index: Int
    let name: String
    let kind: String
    /// Its place among all of the tower, from 0.
    let place: Int

    /// Its name with that of its level.
    var label: String { "\(owner.label) \(name)" }
  }

  /// Towers of more levels than this are tall.
  private static let mostLevels = 3
  /// More lines than this are coloured from dark to light.
  static let mostDistinct = 8

  /// All hyperparameters of a tower.
  ///
  /// - Parameter names: those of every level's hyperparameters, as records have them.
  static func lines(of tower: Tower, names: [[String]]) -> [Line] {
    var place = 0
    return zip(tower.allLevels, names).enumerated().flatMap { level, pair in
      let (owner, names) = pair
      return names.enumerated().map { index, name in
        defer { place += 1 }
        // Of a level whose step sizes alone are tuned, the others have no line.
        let kind = owner.rule.hyperparameters.map(\.name).first {
          name == $0 || name.hasSuffix("_\($0)")
        }
        return Line(
          owner: owner, level: level, index: index, name: name, kind: kind ?? name, place: place)
      }
    }
  }

  static func panels(of tower: Tower, names: [[String]]) -> [HyperparameterPanel] {
    let isTall = tower.allLevels.count > mostLevels
    var panels: [HyperparameterPanel] = []
    for line in lines(of: tower, names: names) where !line.owner.isTop {
      let title =
        isTall ? line.kind : "\(line.owner.label), \(line.owner.rule.name): \(line.kind)"
      if let known = panels.firstIndex(where: { $0.title == title }) {
        panels[known].lines.append(line)
      } else {
        panels.append(HyperparameterPanel(title: title, kind: line.kind, lines: [line]))
      }
    }
    return panels
  }

  /// What the key calls line number `number`; nil: nothing, since it is the only one, or one of many, of which
  /// only some that are evenly spread over all levels have names.
  func label(_ number: Int) -> String? {
    guard lines.count > 1, isNamed(number) else { return nil }
    let isShared = Set(lines.map(\.level)).count > 1
    return isShared ? lines[number].label : lines[number].name
  }

  private func isNamed(_ number: Int) -> Bool {
    guard lines.count > Self.mostDistinct else { return true }
    let step = Double(lines.count - 1) / Double(Self.mostDistinct - 1)
    return (0..<Self.mostDistinct).contains { Int((Double($0) * step).rounded()) == number }
  }

  /// Whether the values are better seen on a logarithmic scale.
  func isLogarithmic(_ points: [TrainingHistory.Point]) -> Bool {
    let values = points.flatMap { point in lines.map { point.values[$0.level][$0.index] } }
    return (values.min() ?? 0) > 0 && values.max()! > 10 * values.min()!
  }
}
