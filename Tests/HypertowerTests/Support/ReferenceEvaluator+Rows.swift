import Hypertower

/// Rows of tables by their numbers, and what is added up at such numbers.
extension ReferenceEvaluator {
  func gather(
    _ table: Value, _ indices: Value, to shape: Shape, isZeroOutside: Bool
  ) -> Value {
    let (count, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let rows = table.shape[shape.count - 2]
    let results = (0..<shape.elementCount).map { i -> (Double, Double) in
      guard let row = row(indices.values[i / width], of: rows) else {
        return (isZeroOutside ? 0 : .nan, 0)
      }
      let position = (i / width / count * rows + row) * width + i % width
      return (table.values[position], table.errors[position])
    }
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  func scatterAdd(_ values: Value, _ indices: Value, to shape: Shape) -> Value {
    let (rows, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let count = values.shape[shape.count - 2]
    let none = [Double](repeating: 0, count: shape.elementCount)
    var (sums, sizes, errors, terms) = (none, none, none, none)
    for i in values.values.indices {
      guard let row = row(indices.values[i / width], of: rows) else { continue }
      let position = (i / width / count * rows + row) * width + i % width
      sums[position] += values.values[i]
      sizes[position] += values.values[i].magnitude
      errors[position] += values.errors[i]
      terms[position] += 1
    }
    return Value(
      shape: shape, values: sums,
      errors: sums.indices.map { errors[$0] + terms[$0] * Self.roundoff * sizes[$0] })
  }

  private func row(_ index: Double, of rows: Int) -> Int? {
    index >= 0 && index < Double(rows) && index == index.rounded() ? Int(index) : nil
  }
}
