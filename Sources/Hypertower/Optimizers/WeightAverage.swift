/// An average of the weights over the steps of a run, which evaluation and saving then mean by "the
/// weights"; training itself goes on with the weights of now.
///
/// w̄ ← w̄ + f(t)·(w − w̄) after step t, with f(1) = 1.
public enum WeightAverage: Sendable, Hashable {
  /// f(t) = 9 / (t + 8): the average over about the last ninth of the steps so far, however many there
  /// will be.
  ///
  /// Polynomial-decay averaging with η = 8: O. Shamir and T. Zhang, "Stochastic Gradient Descent for
  /// Non-smooth Optimization", ICML 2013.
  case polynomial
  /// f(t) = 1 − `decay` from the second step on, with 0 < `decay` < 1.
  case exponential(decay: Double)

  /// f(t), as a node of `graph`, for the node of t.
  func weight(step: Int, in graph: inout ScalarGraph) -> Int {
    func constant(_ value: Double) -> Int { graph.append(.constant(value)) }
    switch self {
    case .polynomial:
      let sum = graph.append(.binary(.add, step, constant(8)))
      return graph.append(.binary(.divide, constant(9), sum))
    case .exponential(let decay):
      let isFirst = graph.append(.binary(.less, step, constant(2)))
      return graph.append(.select(isFirst, constant(1), constant(1 - decay)))
    }
  }
}

extension WeightAverage: CustomStringConvertible {
  /// `polynomial` or, for one, `ema(0.999)`.
  public var description: String {
    switch self {
    case .polynomial: "polynomial"
    case .exponential(let decay): "ema(\(shortText(decay)))"
    }
  }

  /// - Parameter text: as `description` writes it; nil for anything else.
  public init?(parsing text: String) {
    if text == "polynomial" {
      self = .polynomial
    } else if text.hasPrefix("ema("), text.hasSuffix(")"),
      let decay = Double(text.dropFirst(4).dropLast()), decay > 0, decay < 1
    {
      self = .exponential(decay: decay)
    } else {
      return nil
    }
  }
}
