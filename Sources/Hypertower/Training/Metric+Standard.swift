internal import Glibc

extension Metric {
  // MARK: Classes

  /// The share of samples, or of tokens, whose label has the greatest output, in percent; for outputs
  /// `[…, classes]` and labels `[…]`. Of several greatest outputs the first counts.
  public static let accuracy = Metric(named: "accuracy") { outputs, labels in
    let isRight = outputs.argmax(outputs.shape.count - 1, keepingAxes: true)
      .isEqual(to: labels.reshaped(labels.shape + [1]))
    return counted(isRight.sum(), of: labels)
  } result: { sums, _ in
    [100 * sums[0] / sums[1]]
  }

  /// The share of samples, or of tokens, whose label is among the k greatest outputs, in percent; for outputs
  /// `[…, classes]` and labels `[…]`. Of equal outputs the first counts as the greater one, and NaN as greater
  /// than all.
  ///
  /// - Parameter k: at least 1.
  public static func topK(_ k: Int) -> Metric {
    require(k >= 1, "topK: \(k) is less than 1")
    return Metric(named: "top-\(k) accuracy") { outputs, labels in
      let axis = outputs.shape.count - 1
      let label = labels.reshaped(labels.shape + [1])
      let own = Tensor.select(labels.oneHot(outputs.shape[axis]), outputs, 0)
        .sum([axis], keepingAxes: true)
      let isEqual = outputs.isEqual(to: own)
      let isFirst = isEqual.and(outputs.coordinate(axis: axis).isLess(than: label))
      let isGreater = outputs.isLess(than: own).or(isEqual).not()
      let rank = isGreater.or(isFirst).sum([axis], keepingAxes: true)
      return counted(rank.isLess(than: .constant(Double(k))).sum(), of: labels)
    } result: { sums, _ in
      [100 * sums[0] / sums[1]]
    }
  }

  /// How often each class was taken for which, `[classes, classes]`: row i has the samples of label i, column j
  /// those whose greatest output is that of class j; for outputs `[…, classes]` and labels `[…]`.
  public static let confusionMatrix = Metric(
    named: "confusion matrix", shape: nil
  ) { outputs, labels in
    let classes = outputs.shape[outputs.shape.count - 1]
    let count = labels.shape.elementCount
    let guesses = outputs.argmax(outputs.shape.count - 1).reshaped([count])
    return guesses.oneHot(classes).scatterAdd(labels.reshaped([count]), count: classes)
  } result: { sums, _ in
    sums
  }

  // MARK: Predictions

  /// e to the mean of −log p(label), for each sample or token; for outputs `[…, classes]` that are logits or
  /// log-probabilities, and labels `[…]`.
  public static let perplexity = Metric(
    named: "perplexity", sums: surprise, result: { sums, _ in [exp(sums[0] / sums[1])] })

  /// The mean of −log₂ p(label), for each sample or token, which in a text of characters is the bits for each;
  /// for outputs `[…, classes]` that are logits or log-probabilities, and labels `[…]`.
  public static let bitsPerCharacter = Metric(
    named: "bits per character", sums: surprise,
    result: { sums, _ in [sums[0] / sums[1] / M_LN2] })

  // MARK: Values

  /// The mean of |output − target| over all values, for outputs and targets of one shape.
  public static let meanAbsoluteError = Metric(
    named: "mean absolute error"
  ) { outputs, targets in
    require(
      outputs.shape == targets.shape,
      "meanAbsoluteError: \(outputs.shape) with targets \(targets.shape)")
    return counted((outputs - targets).magnitude.sum(), of: targets)
  } result: { sums, _ in
    [sums[0] / sums[1]]
  }

  // MARK: Parts

  /// A sum, and how many labels or values it is over, `[2]`.
  private static func counted(_ sum: Tensor, of targets: Tensor) -> Tensor {
    let count = Tensor([Float(targets.shape.elementCount)])
    return Tensor.concatenated([sum.reshaped([1]), count], axis: 0)
  }

  private static let surprise: @Sendable (Tensor, Tensor) -> Tensor = { outputs, labels in
    let count = Double(labels.shape.elementCount)
    return counted(outputs.crossEntropy(labels) * .constant(count), of: labels)
  }
}
