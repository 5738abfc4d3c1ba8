/// What was found to be fastest on a device, by `ProductTuner`.
package struct TuningChoices: Equatable, Sendable {
  /// The schedules of products that are faster than the default ones.
  package var products: [ProductShape: ProductSchedule] = [:]
  /// The height of tiles, and of blocks of rows, for a number of rows.
  package var tileRows: [Int: Int] = [:]
  /// Whether all phases of a step are one launch; nil: as the kind of device has it.
  package var joinsPhases: Bool?

  /// Less than this share of time gained is noise.
  static let leastGain = 0.03

  /// No choices: the defaults.
  package init() {}

  package var isEmpty: Bool { products.isEmpty && tileRows.isEmpty && joinsPhases == nil }

  /// Takes over what `other` says of launches and of products of `shapes`, which may be that the
  /// defaults are best.
  mutating func replace(_ shapes: [ProductShape], by other: TuningChoices) {
    joinsPhases = other.joinsPhases
    for shape in shapes {
      products[shape] = other.products[shape]
      tileRows[shape.rows] = other.tileRows[shape.rows]
    }
  }
}
