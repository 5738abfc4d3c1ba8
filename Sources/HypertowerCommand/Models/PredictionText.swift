import Datasets
import Glibc
import Hypertower

/// A network's outputs for a sample, as they are told.
struct PredictionText {
  let outputs: NetworkDescription.Outputs
  /// What the outputs mean; nil: numbered classes.
  let encoding: SampleEncoding?
  /// The file of the weights.
  let source: String
  /// The name of each sample's file; nil: they are of one file.
  let files: [String]?

  /// The line before all others; nil: there is none, as nothing has a name.
  var header: String? {
    let file = files == nil ? [] : ["file"]
    let target = encoding?.table?.target
    if let names = encoding?.classNames {
      return (file + [target ?? "class"] + names).map(\.csvCell).joined(separator: ",")
    }
    return target.map(\.csvCell)
  }

  /// The likeliest class and the probabilities of all, or the values, separated by commas.
  ///
  /// - Parameter sample: the number of the sample.
  /// - Throws: `Failure(.diverged)` for outputs that are not finite.
  func line(_ outputs: ArraySlice<Double>, _ sample: Int) throws -> String {
    let file = files.map { [$0[sample].csvCell] } ?? []
    switch try prediction(outputs) {
    case .probabilities(let probabilities, let best):
      let name = encoding?.className(best) ?? "\(best)"
      return (file + [name.csvCell] + probabilities.map(\.description)).joined(separator: ",")
    case .values(let values): return (file + values.map(\.description)).joined(separator: ",")
    }
  }

  /// The same as JSON.
  ///
  /// - Throws: as `line(_:_:)`.
  func object(_ outputs: ArraySlice<Double>, _ sample: Int) throws -> JSONText {
    .object((files.map { [("file", .string($0[sample]))] } ?? []) + (try members(outputs)))
  }

  private func members(
    _ outputs: ArraySlice<Double>
  ) throws -> [(key: String, value: JSONText)] {
    // As many digits as the numbers have in float32.
    func number(_ value: Float) -> JSONText { .number(Double(value.description)!) }
    switch try prediction(outputs) {
    case .probabilities(let probabilities, let best):
      guard let names = encoding?.classNames else {
        return [("class", .integer(best)), ("probabilities", .array(probabilities.map(number)))]
      }
      return [
        ("class", .string(names[best])),
        ("probabilities", .object(zip(names, probabilities).map { ($0, number($1)) })),
      ]
    case .values(let values):
      return values.count == 1
        ? [("value", number(values[0]))] : [("values", .array(values.map(number)))]
    }
  }

  private enum Prediction {
    case probabilities([Float], best: Int)
    /// In the units of the data.
    case values([Float])
  }

  private func prediction(_ results: ArraySlice<Double>) throws -> Prediction {
    guard results.allSatisfy(\.isFinite) else {
      throw Failure(.diverged, "\(source): the network's outputs are not finite")
    }
    switch outputs {
    case .classes:
      let probabilities = Self.softmax(results)
      let best = probabilities.indices.max {
        (probabilities[$0], $1) < (probabilities[$1], $0)
      }!
      return .probabilities(probabilities, best: best)
    case .values(let count):
      let scales = encoding?.values ?? Array(repeating: .none, count: count)
      return .values(zip(scales, results).map { Float($0.inverse($1)) })
    }
  }

  /// The softmax of outputs; of log-probabilities, it is their exponentials.
  private static func softmax(_ outputs: ArraySlice<Double>) -> [Float] {
    let greatest = outputs.max() ?? 0
    let exponentials = outputs.map { exp($0 - greatest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { Float($0 / sum) }
  }
}
