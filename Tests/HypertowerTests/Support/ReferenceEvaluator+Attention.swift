import Glibc
import Hypertower

/// Attention and what it sends back, by whole matrices.
extension ReferenceEvaluator {
  /// - Returns: means or, if asked for, the logarithms of the sums of exponentials.
  func attention(
    _ attention: Attention, _ operands: [Value], wantsLogSums: Bool, to shape: Shape
  ) -> Value {
    let own = scores(attention, operands)
    let values = operands[2]
    let depth = values.shape[values.shape.count - 1]
    var results: [(Double, Double)] = []
    for (row, scores) in own.enumerated() {
      let (weights, sum) = weights(scores)
      if wantsLogSums {
        results.append((sum.value, sum.error))
        continue
      }
      let first = row / rows(operands[0]) * rows(values)
      for d in 0..<depth {
        let terms = weights.enumerated().map { j, weight -> (Double, Double) in
          let place = (first + j) * depth + d
          return times(weight, (values.values[place], values.errors[place]))
        }
        results.append(summed(terms))
      }
    }
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  /// What attention sends back to its queries, keys (`.keys`) or values (`.values`).
  func attentionGradient(
    _ attention: Attention, _ operands: [Value], to result: Attention.Result?, shape: Shape
  ) -> Value {
    let (queries, keys, values, cotangent) = (operands[0], operands[1], operands[2], operands[5])
    let scores = scores(attention, operands)
    let columns = shape[shape.count - 1]
    var terms = [[(Double, Double)]](repeating: [], count: shape.elementCount)
    for (row, scores) in scores.enumerated() {
      let matrix = row / rows(queries)
      let weights = weights(scores).weights
      let own = element(cotangent, row)
      let ofWeights = weights.indices.map { j in
        let value = element(values, matrix * rows(keys) + j)
        return summed(zip(own, value).map { times($0, $1) })
      }
      let mean = summed(zip(weights, ofWeights).map { times($0, $1) })
      for (j, weight) in weights.enumerated() {
        let difference = plus(ofWeights[j], (-mean.0, mean.1))
        let slope = times(times(weight, difference), (attention.scale, 0))
        let key = matrix * rows(keys) + j
        let (place, factor, other) =
          switch result {
          case nil: (row, slope, element(keys, key))
          case .keys: (key, slope, element(queries, row))
          case .values: (key, weight, own)
          case .logSums: fatalError("ReferenceEvaluator: a gradient has no logarithms")
          }
        for column in 0..<columns {
          terms[place * columns + column].append(times(factor, other[column]))
        }
      }
    }
    let results = terms.map(summed)
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  // MARK: Numbers with bounds

  private func rows(_ value: Value) -> Int { value.shape[value.shape.count - 2] }

  /// Row number `row` of all matrices.
  private func element(_ value: Value, _ row: Int) -> [(Double, Double)] {
    let columns = value.shape[value.shape.count - 1]
    return (row * columns..<(row + 1) * columns).map { (value.values[$0], value.errors[$0]) }
  }

  private func times(_ x: (Double, Double), _ y: (Double, Double)) -> (Double, Double) {
    let product = x.0 * y.0
    return (
      product,
      x.0.magnitude * y.1 + y.0.magnitude * x.1 + x.1 * y.1 + Self.roundoff * product.magnitude
    )
  }

  private func plus(_ x: (Double, Double), _ y: (Double, Double)) -> (Double, Double) {
    (x.0 + y.0, x.1 + y.1 + Self.roundoff * (x.0 + y.0).magnitude)
  }

  private func summed(_ terms: [(Double, Double)]) -> (Double, Double) {
    let size = terms.reduce(0) { $0 + $1.0.magnitude }
    return (
      terms.reduce(0) { $0 + $1.0 },
      terms.reduce(0) { $0 + $1.1 } + Double(terms.count) * Self.roundoff * size
    )
  }

  /// For each query of all matrices the scores of the keys that it looks at.
  private func scores(_ attention: Attention, _ operands: [Value]) -> [[(Double, Double)]] {
    let (queries, keys) = (operands[0], operands[1])
    return (0..<queries.values.count / queries.shape[queries.shape.count - 1]).map { row in
      let (matrix, query) = (row / rows(queries), row % rows(queries))
      let count = attention.isCausal ? min(query + 1, rows(keys)) : rows(keys)
      let own = element(queries, row)
      return (0..<count).map { key in
        let terms = zip(own, element(keys, matrix * rows(keys) + key)).map { times($0, $1) }
        return times(summed(terms), (attention.scale, 0))
      }
    }
  }

  /// The softmax of scores, and the logarithm of the sum of their exponentials.
  private func weights(
    _ scores: [(Double, Double)]
  ) -> (weights: [(Double, Double)], sum: (value: Double, error: Double)) {
    let greatest = scores.map(\.0).max() ?? -.infinity
    let logSum = greatest + log(scores.reduce(0) { $0 + exp($1.0 - greatest) })
    // A weight's relative error is the absolute one of its score, and at most that of the others' mean.
    let error = scores.map(\.1).max() ?? 0
    let rounding = Self.roundoff * (Double(scores.count) + 8 + logSum.magnitude)
    return (
      scores.map { score in
        let weight = exp(score.0 - logSum)
        return (weight, weight * (2 * error + rounding + Self.roundoff * score.0.magnitude))
      }, (logSum, error + rounding)
    )
  }
}
