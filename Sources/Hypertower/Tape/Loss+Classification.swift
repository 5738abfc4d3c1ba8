/// Losses of outputs for classes, which are the last axis.
extension Tensor {
  /// The mean of −log p(label) for log-probabilities `[…, classes]` and labels `[…]`.
  ///
  /// With weights, a sample counts as much as its label does: the mean is Σ w · (−log p) / Σ w. It is NaN where
  /// nothing counts. A label is a whole number in `0..<classes`, or what is ignored; others have no defined loss.
  ///
  /// - Parameters:
  ///   - labels: a class for each sample.
  ///   - ignoredIndex: the label of samples that do not count; default: none.
  ///   - classWeights: how much each class counts, `[classes]`; default: all alike.
  public func negativeLogLikelihood(
    _ labels: Tensor, ignoredIndex: Int? = nil, classWeights: Tensor? = nil
  ) -> Tensor {
    requireLabels(labels, classWeights, "negativeLogLikelihood")
    // Chosen, not multiplied by 0 and 1: other classes may have a probability of 0. Compared with every class, not
    // gathered: this way the label joins the softmax's pass over the classes, and what is sent back, too.
    let axis = shape.count - 1
    let isLabel = labels.oneHot(shape[axis])
    let losses = -Tensor.select(isLabel, self, 0).sum([axis], keepingAxes: true)
    guard ignoredIndex != nil || classWeights != nil else { return losses.mean() }
    let weights = LabelWeights(labels, isLabel, ignoredIndex, classWeights)
    return weights.mean(of: losses * weights.weights)
  }

  /// The negative log-likelihood of labels `[…]` under the softmax of this, `[…, classes]`.
  ///
  /// With `labelSmoothing` s, 1 − s of the label's probability remains, and s is spread over all classes alike;
  /// there, each class counts by its own weight. The mean is taken as by `negativeLogLikelihood`. All as in
  /// PyTorch, but for the classes' axis, which is the last one.
  ///
  /// - Parameters:
  ///   - labels: a class for each sample.
  ///   - labelSmoothing: s, in 0...1; default: 0.
  ///   - ignoredIndex: the label of samples that do not count; default: none.
  ///   - classWeights: how much each class counts, `[classes]`; default: all alike.
  public func crossEntropy(
    _ labels: Tensor, labelSmoothing: Double = 0, ignoredIndex: Int? = nil,
    classWeights: Tensor? = nil
  ) -> Tensor {
    require(
      (0...1).contains(labelSmoothing),
      "crossEntropy: labelSmoothing \(labelSmoothing) does not lie in 0...1")
    requireLabels(labels, classWeights, "crossEntropy")
    let logProbabilities = logSoftmax()
    let chosen = logProbabilities.negativeLogLikelihood(
      labels, ignoredIndex: ignoredIndex, classWeights: classWeights)
    guard labelSmoothing > 0 else { return chosen }
    let axis = shape.count - 1
    let weighted = classWeights.map { logProbabilities * $0 } ?? logProbabilities
    let spread = -weighted.mean([axis], keepingAxes: true)
    let weights = LabelWeights(labels, labels.oneHot(shape[axis]), ignoredIndex, classWeights)
    return .constant(1 - labelSmoothing) * chosen
      + .constant(labelSmoothing) * weights.mean(of: spread)
  }

  /// How much labels `[…]` count together in the losses of outputs of this shape, `[…, classes]`: the Σ w of
  /// `negativeLogLikelihood`.
  func weight(ofLabels labels: Tensor, ignoredIndex: Int? = nil, classWeights: Tensor?) -> Tensor {
    requireLabels(labels, classWeights, "weight(ofLabels:)")
    let isLabel = labels.oneHot(shape[shape.count - 1])
    return LabelWeights(labels, isLabel, ignoredIndex, classWeights).weights.sum()
  }

  /// The mean of −t · log p − (1 − t) · log(1 − p) with p = sigmoid(x), of logits x and targets t of one shape.
  ///
  /// - Parameter targets: probabilities, in 0...1.
  public func binaryCrossEntropy(_ targets: Tensor) -> Tensor {
    require(
      shape == targets.shape, "binaryCrossEntropy: \(shape) with targets \(targets.shape)")
    // The first difference is exact where a target is 0 or 1, so small losses stay accurate.
    return ((relu() - self * targets) + softplusAboveReLU()).mean()
  }

  /// The mean of max(0, 1 − t · x), of outputs x and targets t of one shape.
  ///
  /// - Parameter targets: 1 and −1.
  public func hingeLoss(_ targets: Tensor) -> Tensor {
    require(shape == targets.shape, "hingeLoss: \(shape) with targets \(targets.shape)")
    return (1 - targets * self).relu().mean()
  }
}

extension Tensor {
  fileprivate func requireLabels(_ labels: Tensor, _ classWeights: Tensor?, _ operation: String) {
    require(
      !shape.isEmpty && labels.shape == shape.dropLast(),
      "\(operation): \(shape) with labels \(labels.shape): they must be [batch, classes] and [batch], or "
        + "have more axes before the classes")
    require(
      classWeights.map { $0.shape == shape.suffix(1) } ?? true,
      "\(operation): \(shape) with class weights \(classWeights!.shape): they must be [classes]")
  }
}

/// How much each sample counts, by its label.
private struct LabelWeights {
  /// `[…, 1]`, 0 where the label is ignored, NaN where it is no class.
  let weights: Tensor
  /// `[…, 1]`; nil if none can be.
  let isIgnored: Tensor?

  /// - Parameter isLabel: the labels, one-hot.
  init(_ labels: Tensor, _ isLabel: Tensor, _ ignoredIndex: Int?, _ classWeights: Tensor?) {
    let isClass = isLabel.sum([labels.shape.count], keepingAxes: true)
    let weights =
      classWeights.map { $0.gather(labels).reshaped(isClass.shape) }
      ?? .select(isClass, 1, .constant(.nan))
    isIgnored = ignoredIndex.map {
      labels.reshaped(labels.shape + [1]).isEqual(to: .constant(Double($0)))
    }
    self.weights = isIgnored.map { .select($0, 0, weights) } ?? weights
  }

  /// Σ loss / Σ weight over what is not ignored.
  func mean(of losses: Tensor) -> Tensor {
    let counted = isIgnored.map { Tensor.select($0, 0, losses) } ?? losses
    return counted.sum() / weights.sum()
  }
}
