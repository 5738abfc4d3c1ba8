extension Tensor {
  /// The mean of −log p(label) for log-probabilities `[batch, classes]` and labels `[batch]`.
  public func negativeLogLikelihood(_ labels: Tensor) -> Tensor {
    require(
      shape.count == 2 && labels.shape == [shape[0]],
      "negativeLogLikelihood: \(shape) with labels \(labels.shape): they must be [batch, classes] "
        + "and [batch]")
    // Chosen, not multiplied by 0 and 1: other classes may have a probability of 0.
    let chosen = Tensor.select(labels.oneHot(shape[1]), self, 0).sum([1], keepingAxes: true)
    return (-chosen).mean()
  }

  /// The negative log-likelihood of labels `[batch]` under the softmax of this, `[batch, classes]`.
  public func crossEntropy(_ labels: Tensor) -> Tensor {
    logSoftmax().negativeLogLikelihood(labels)
  }

  /// The mean of the squared differences over all elements.
  public func meanSquaredError(_ targets: Tensor) -> Tensor {
    require(
      shape == targets.shape, "meanSquaredError: \(shape) with targets \(targets.shape)")
    let difference = self - targets
    return (difference * difference).mean()
  }
}

/// What training makes small: a mean over the batch of how wrong an output is.
public enum Loss: String, Sendable, CaseIterable {
  /// For outputs that are log-probabilities, `[batch, classes]`, and class labels.
  case negativeLogLikelihood
  /// For outputs that are logits, `[batch, classes]`, and class labels.
  case crossEntropy
  /// For outputs and targets of one shape, `[batch, width]`.
  case meanSquaredError

  /// The loss of `outputs` against `targets`: labels `[batch]` or values `[batch, width]`.
  public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    switch self {
    case .negativeLogLikelihood: outputs.negativeLogLikelihood(targets)
    case .crossEntropy: outputs.crossEntropy(targets)
    case .meanSquaredError: outputs.meanSquaredError(targets)
    }
  }
}
