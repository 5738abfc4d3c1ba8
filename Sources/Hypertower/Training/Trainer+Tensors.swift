/// What is in a model's tensors while it is trained.
extension Trainer {
  package enum TensorKind {
    /// The weights of the last step, not their average.
    case weights
    /// The gradients of the last step's loss, at the weights that the step started from.
    case gradients
  }

  /// The elements of each parameter, or of its gradient, by name, in the parameters' order.
  ///
  /// - Precondition: for gradients, a step was taken since the trainer was made or resumed.
  /// - Throws: what the device reports.
  package func tensors(_ kind: TensorKind) throws -> [(name: String, values: [Double])] {
    let array =
      switch kind {
      case .weights: state.arena
      // Arrays change places every step.
      case .gradients: state.gradients[(stepCount + 1) % state.gradients.count]
      }
    return try state.parameters.enumerated().map { number, parameter in
      (parameter.name, try state.read(number, of: array).doubles)
    }
  }
}
