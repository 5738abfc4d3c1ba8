/// What was found to be fastest on a device, by `ProductTuner`.
package struct TuningChoices: Equatable, Sendable {
  /// The schedules of products that are faster than the default ones.
  package var products: [ProductShape: ProductSchedule] = [:]
  /// The height of tiles, and of blocks of rows, for a number of rows.
  package var tileRows: [Int: Int] = [:]

  /// No choices: the defaults.
  package init() {}

  package var isEmpty: Bool { products.isEmpty && tileRows.isEmpty }

  /// Takes over what `other` says of products of `shapes`, which may be that the defaults are best.
  mutating func replace(_ shapes: [ProductShape], by other: TuningChoices) {
    for shape in shapes {
      products[shape] = other.products[shape]
      tileRows[shape.rows] = other.tileRows[shape.rows]
    }
  }
}
