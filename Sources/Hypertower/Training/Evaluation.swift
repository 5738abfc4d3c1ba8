/// How well a model does on a data set.
public struct Evaluation: Sendable {
  /// The mean loss over all samples, in the loss's unit: nats for `negativeLogLikelihood`.
  ///
  /// Class weights and an ignored index count as if all samples were one batch: Σ w · loss / Σ w. A loss of one's own
  /// is computed for parts of the data, whose means count by their numbers of samples.
  public let loss: Double
  /// The share of samples, or of tokens, whose label has the greatest output, in percent; nil where the targets are
  /// values, not classes.
  public let accuracyPercent: Double?
  /// What the metrics that were asked for come to, in their order.
  public let metrics: [Metric.Value]

  /// What the metric of that name comes to; nil if none was asked for.
  public subscript(name: String) -> Metric.Value? { metrics.first { $0.name == name } }
}
