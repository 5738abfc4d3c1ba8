import Datasets
import Hypertower

/// How much each class counts in the loss.
struct ClassWeights {
  /// By class, greater than 0.
  let values: [Float]

  private static let balanced = "balanced"

  /// - Parameters:
  ///   - text: a list of numbers, or `balanced`: n / (k · nᵢ) for a class with nᵢ of n samples, of k classes that have
  ///     any, so that all classes count alike; nil: there are no weights.
  ///   - data: what is trained on.
  /// - Throws: `Failure(.usage)`.
  init?(_ text: String?, for data: TrainingData) throws {
    guard let text else { return nil }
    guard let labels = try data.train.labels(), let classCount = data.encoding?.classCount else {
      throw Failure(.usage, "--class-weights is for classes, and the data have none: leave it out")
    }
    if text == Self.balanced {
      var counts = [Int](repeating: 0, count: classCount)
      for label in labels { counts[Int(label)] += 1 }
      let present = counts.count { $0 > 0 }
      values = counts.map {
        // A class without samples counts for nothing, whatever its weight.
        $0 == 0 ? 1 : Float(Double(labels.count) / Double(present * $0))
      }
      return
    }
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let value = Float(part.trimmed), value.isFinite, value > 0 else {
        throw Failure(
          .usage,
          "--class-weights: '\(part)' is not a finite number greater than 0: give one for each class, as in 1,5, or "
            + Self.balanced)
      }
      return value
    }
    guard values.count == classCount else {
      let names = data.encoding?.classNames?.prefix(20).joined(separator: ", ")
      throw Failure(
        .usage,
        "--class-weights has \(values.count) numbers, and there are \(classCount) classes"
          + (names.map { " (\($0)\(classCount > 20 ? ", …" : ""))" } ?? "") + ": give one for each")
    }
  }
}
