/// What training has come to.
extension Trainer {
  /// The tower with the hyperparameters of now.
  public var tower: Tower {
    get throws {
      var moved = try state.groups.map { group in
        let count = group.layout.hyperparameterCount
        let raw = try device.backend.read(0..<count, of: group.values).doubles
        return group.layout.tower(rawValues: raw)
      }[...]
      return Tower(
        groups: state.tower.groups.map { group in
          group.isFrozen
            ? group : ParameterGroup(selector: group.selector, levels: moved.removeFirst().levels)
        })
    }
  }

  /// The names of every level's hyperparameters, bottom first, group by group, as `StepRecord` has them.
  package var hyperparameterNames: [(group: String?, levels: [[String]])] {
    state.groups.map { group in
      (group.name, group.layout.levels.map { $0.rule.logNames(tensors: $0.tensorNames) })
    }
  }

  /// The loss and, where the targets are classes, the accuracy over all samples of `data`, with further metrics.
  ///
  /// What is needed is compiled once for each data set and list of metrics.
  ///
  /// - Parameters:
  ///   - data: the samples.
  ///   - metrics: what is measured as well; default: nothing.
  /// - Precondition: there is at least one sample.
  /// - Throws: what the device reports.
  public func evaluate(on data: Dataset, metrics: [Metric] = []) throws -> Evaluation {
    try evaluator.evaluate(data, metrics: metrics)
  }

  /// The same with the weights of the last step, where an average is kept.
  public func evaluateLastWeights(
    on data: Dataset, metrics: [Metric] = []
  ) throws -> Evaluation {
    try evaluator.evaluate(data, metrics: metrics, weights: .last)
  }

  /// The share of samples whose label has the greatest output, in percent; where the targets are the next
  /// tokens, the share of tokens of all windows.
  ///
  /// - Precondition: the targets are classes or next tokens.
  public func accuracy(on data: Dataset) throws -> Double {
    guard let accuracy = try evaluator.evaluate(data).accuracyPercent else {
      fatalError("accuracy: the targets are values, not classes")
    }
    return accuracy
  }

  /// The mean loss over all samples, in the loss's unit.
  public func loss(on data: Dataset) throws -> Double { try evaluator.evaluate(data).loss }

  /// The model's outputs for samples, with the weights that evaluation sees.
  ///
  /// For n samples these are the elements of the model's output, `[n, …]`, row after row: n · classes of a
  /// classifier, n · time · vocabulary of a model of sequences.
  ///
  /// What is needed is compiled once for each number of samples, and once more for outputs at a place.
  ///
  /// - Parameters:
  ///   - inputs: the elements of samples of the model's `sampleShape`, one after another, at least one.
  ///   - columns: the elements of the columns that the model asks for, of as many samples; default: none.
  ///   - place: an index along the output's second axis, such as that of a sequence's last element: the outputs there
  ///     alone, `[n, …]`, for which no more is computed than they need; default: all.
  /// - Throws: what the device reports.
  public func outputs(
    for inputs: [Float], columns: [String: [Float]] = [:], at place: Int? = nil
  ) throws -> [Double] {
    try evaluator.predictor.outputs(for: inputs, columns: columns, at: place)
  }

  /// What a part of the model makes of inputs of its own, with the weights that evaluation sees: such as the decoder's
  /// outputs for codes that no encoder has made.
  ///
  /// What is needed is compiled anew for each call.
  ///
  /// - Parameters:
  ///   - part: a module that the trainer's model consists of, or one made of its modules and tensors.
  ///   - inputs: the elements of samples of `sampleShape`, one after another, at least one.
  ///   - sampleShape: the shape of one input of the part, without the axis of samples.
  ///   - columns: the elements of the columns that the part asks for, of as many samples; default: none.
  /// - Precondition: all parameters and states of the part are the model's.
  /// - Throws: what the device reports.
  public func outputs(
    of part: some Module, for inputs: [Float], sampleShape: Shape,
    columns: [String: [Float]] = [:]
  ) throws -> [Double] {
    try evaluator.predictor(of: part, sampleShape: sampleShape)
      .outputs(for: inputs, columns: columns, at: nil)
  }

  /// Waits until the device has done all work.
  public func synchronize() throws { try device.backend.synchronize() }
}
