/// The quantity that training minimizes: how wrong outputs are, averaged over the batch.
///
/// ```swift
/// let loss = Loss("log cosh") { outputs, targets in
///   let difference = outputs - targets
///   return ((difference.exp() + (-difference).exp()) * 0.5).log().mean()
/// }
/// let masked = Loss("masked") { outputs, targets, columns in
///   let difference = (outputs - targets) * columns["mask"]
///   return (difference * difference).sum() / columns["mask"].sum()
/// }
/// ```
public struct Loss: Sendable {
  /// What messages call it.
  public let name: String
  private let function: @Sendable (Tensor, Tensor, Columns) -> Tensor
  /// How much the samples of a batch count together, from outputs and targets; nil: as much as there are samples.
  let weight: (@Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor)?

  /// A loss of one's own.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - function: a single number from outputs and targets, a mean over the batch.
  public init(
    _ name: String, _ function: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  ) {
    self.init(name) { outputs, targets, _ in function(outputs, targets) }
  }

  /// A loss of one's own that reads further columns of the data, such as a mask or a second target.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - function: a single number from outputs, targets and columns, a mean over the batch.
  public init(
    _ name: String,
    _ function:
      @escaping @Sendable (
        _ outputs: Tensor, _ targets: Tensor, _ columns: Columns
      ) -> Tensor
  ) {
    self.name = name
    self.function = function
    weight = nil
  }

  /// A loss that does not count all samples alike.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - weight: how much the samples of a batch count together.
  ///   - function: the mean over the batch, weighted so.
  private init(
    _ name: String, weight: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor,
    _ function: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  ) {
    self.name = name
    self.function = { outputs, targets, _ in function(outputs, targets) }
    self.weight = weight
  }

  /// The loss of `outputs` against `targets`, a single number.
  ///
  /// Targets are labels `[batch]` with outputs `[batch, classes]`; the next tokens `[batch, time]`, with outputs
  /// `[batch, time, vocabulary]`; or values `[batch, width]`, mostly with outputs of that shape.
  ///
  /// - Precondition: it reads no columns.
  public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    self(outputs, targets, Columns())
  }

  /// The loss of `outputs` against `targets`, with further columns of the data.
  func callAsFunction(_ outputs: Tensor, _ targets: Tensor, _ columns: Columns) -> Tensor {
    let loss = function(outputs, targets, columns)
    require(
      loss.shape.elementCount == 1,
      "Loss: \(name) of outputs \(outputs.shape) and targets \(targets.shape) has shape \(loss.shape), "
        + "not one element")
    return loss
  }
}

extension Loss {
  /// For outputs that are log-probabilities, `[…, classes]`, and class labels or next tokens, `[…]`.
  public static let negativeLogLikelihood = Loss("negative log-likelihood") {
    $0.negativeLogLikelihood($1)
  }

  /// For outputs that are log-probabilities, `[…, classes]`, and class labels; see `Tensor.negativeLogLikelihood`.
  ///
  /// - Parameter classWeights: how much each class counts, as many as there are classes.
  public static func negativeLogLikelihood(classWeights: [Float]) -> Loss {
    Loss(
      "negative log-likelihood",
      weight: { $0.weight(ofLabels: $1, classWeights: Tensor(classWeights)) },
      { $0.negativeLogLikelihood($1, classWeights: Tensor(classWeights)) })
  }

  /// For outputs that are logits, `[…, classes]`, and class labels or next tokens, `[…]`.
  public static let crossEntropy = Loss("cross-entropy") { $0.crossEntropy($1) }

  /// For outputs that are logits, `[…, classes]`, and class labels; see `Tensor.crossEntropy`.
  ///
  /// - Parameters:
  ///   - labelSmoothing: the share of probability that is spread over all classes; default: none.
  ///   - ignoredIndex: the label of what does not count; default: none.
  ///   - classWeights: how much each class counts; default: all alike.
  public static func crossEntropy(
    labelSmoothing: Double = 0, ignoredIndex: Int? = nil, classWeights: [Float]? = nil
  ) -> Loss {
    guard ignoredIndex != nil || classWeights != nil else {
      return Loss("cross-entropy") { $0.crossEntropy($1, labelSmoothing: labelSmoothing) }
    }
    return Loss(
      "cross-entropy",
      weight: {
        $0.weight(
          ofLabels: $1, ignoredIndex: ignoredIndex, classWeights: classWeights.map { Tensor($0) })
      },
      {
        $0.crossEntropy(
          $1, labelSmoothing: labelSmoothing, ignoredIndex: ignoredIndex,
          classWeights: classWeights.map { Tensor($0) })
      })
  }

  /// For outputs that are logits of probabilities and targets in 0...1, of one shape.
  public static let binaryCrossEntropy = Loss("binary cross-entropy") {
    $0.binaryCrossEntropy($1)
  }

  /// For outputs and targets of one shape, `[batch, width]`.
  public static let meanSquaredError = Loss("mean squared error") { $0.meanSquaredError($1) }

  /// For outputs and targets of one shape, `[batch, width]`.
  public static let meanAbsoluteError = Loss("mean absolute error") { $0.meanAbsoluteError($1) }

  /// For outputs and targets of one shape; squared up to `delta`, linear from there.
  ///
  /// - Parameter delta: default: 1.
  public static func huber(delta: Double = 1) -> Loss {
    Loss("huber") { $0.huberLoss($1, delta: delta) }
  }

  /// For outputs that are log-probabilities and targets that are probabilities, of one shape.
  public static let kullbackLeibler = Loss("Kullback–Leibler divergence") {
    $0.kullbackLeiblerDivergence($1)
  }

  /// For outputs and targets of one shape, of targets 1 and −1.
  public static let hinge = Loss("hinge") { $0.hingeLoss($1) }
}
