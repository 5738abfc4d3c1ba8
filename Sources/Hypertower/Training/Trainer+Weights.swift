internal import Glibc

extension Trainer {
  /// The weights and the model's states by name, in their declared shapes; float64 on `cpu64`, else
  /// float32. Where an average
  /// is kept, it is that.
  ///
  /// The metadata say that a trainer has written them.
  public func weights() throws -> SafetensorsFile {
    let weights = try state.parameters.enumerated().map { number, parameter in
      SafetensorsFile.Entry(
        name: parameter.name, shape: parameter.shape, try state.weights(number))
    }
    let states = try state.contents.states.enumerated().map { number, own in
      SafetensorsFile.Entry(name: own.name, shape: own.shape, try state.modelState(number))
    }
    return SafetensorsFile(weights + states, metadata: SafetensorsFile.weightsMark)
  }

  /// Replaces the weights by those of a file, which may be a checkpoint.
  ///
  /// Tensors go by their names, or by those after a common beginning such as `module.`; or by the names and shapes
  /// that PyTorch's or MLX's files have for these modules: `Module.placements(in:)`. Where those of
  /// dense layers have other names, as `fc1.weight`, they are matched by their shapes and by
  /// the numbers in their names, if that leaves one way only. Tensors that the model does not need are
  /// left out, except those that belong between its layers, such as a batch normalization's.
  ///
  /// - Parameters:
  ///   - file: the weights.
  ///   - layout: the library whose names and layout the file has; default: the one that fits. Where both do, as with
  ///     windows as wide as there are channels, that is MLX's for a file of MLX, known by its metadata (null, or
  ///     `"format": "mlx"`), and otherwise PyTorch's, which for such tensors is Hypertower's own.
  ///   - source: what messages call the file; default: "weights".
  ///   - warn: is told in a line each what was matched by order, and what was left out; default:
  ///     prints to the standard error stream.
  /// - Throws: `InputError` of kind `.badData` naming what is missing, does not fit, can be
  ///   matched in several ways, or has no place in the model; `.notFinite` naming the element that is not
  ///   finite, perhaps in this
  ///   device's precision. The weights are then as they were.
  public func setWeights(
    _ file: SafetensorsFile, layout: WeightLayout? = nil, source: String = "weights",
    warn: ((String) -> Void)? = nil
  ) throws {
    let match = try WeightMatch(
      model,
      state.parameters.map { ($0.name, $0.declaration) }
        + state.contents.states.map { ($0.name, $0.declaration) }, in: file, layout: layout,
      source: source)
    let values = try match.values(isSingle: device.backend.realSize == MemoryLayout<Float>.size)
    for note in match.notes { (warn ?? printToStandardError)(note) }
    for (number, values) in values.enumerated() {
      if number < state.parameters.count {
        try state.setWeights(values, of: number)
      } else {
        try state.setModelState(values, of: number - state.parameters.count)
      }
    }
  }

  /// Writes the weights to a safetensors file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: the file, which is replaced if it is there.
  ///   - layout: the library for which the file is; default: Hypertower.
  public func save(_ path: String, layout: WeightLayout? = nil) throws {
    try (layout.map(weights(in:)) ?? weights()).write(to: path)
  }

  /// Replaces the weights by those at `path`: a safetensors file, the index of a model in several
  /// files, or a folder with `model.safetensors` or an index.
  ///
  /// - Parameters:
  ///   - path: the file or the folder.
  ///   - layout: as for `setWeights(_:layout:source:warn:)`.
  ///   - warn: likewise.
  /// - Throws: `InputError`, as `setWeights(_:layout:source:warn:)` and `SafetensorsFile(model:)` do.
  public func load(
    _ path: String, layout: WeightLayout? = nil, warn: ((String) -> Void)? = nil
  ) throws {
    try setWeights(try SafetensorsFile(model: path), layout: layout, source: path, warn: warn)
  }

  /// The loss and, where the targets are classes, the accuracy over all samples of `data`, if they
  /// mean something.
  ///
  /// - Parameter metrics: what is measured as well; default: nothing.
  /// - Throws: `DivergenceError` if the loss, a matrix product or the perplexity of tokens is not finite
  ///   although the weights are; what the device reports.
  package func finiteEvaluation(
    on data: Dataset, metrics: [Metric] = []
  ) throws -> Evaluation {
    let evaluation = try evaluator.evaluate(
      data, metrics: metrics, checksProducts: try mayOverflow(on: data))
    let hasPerplexity =
      if case .nextTokens = data.targets { exp(evaluation.loss).isFinite } else { true }
    guard !evaluation.loss.isFinite || !hasPerplexity else { return evaluation }
    try checkFinite()
    var error = divergenceError(step: stepCount, .evaluation)
    error.note =
      hasPerplexity
      ? try largestWeight().map { "the largest weight is \($0)" }
      : "the loss is \(evaluation.loss) nats for each token, and no number is as great as the perplexity, e to that"
    throw error
  }

  /// Whether products of the weights and the data may overflow, by their greatest magnitudes: to look at
  /// all products takes a program of its own, which models of few layers can do without.
  private func mayOverflow(on data: Dataset) throws -> Bool {
    // How great numbers of files and columns are is not known.
    guard data.columns.isEmpty else { return true }
    var bound: Double
    switch data.features {
    case .bytes, .windows: bound = 1
    case .floats(let values): bound = Double(values.reduce(1) { max($0, $1.magnitude) })
    case .mapped(let rows):
      guard rows.type == .uint8 else { return true }
      bound = 1
    }
    for entry in try weights().entries {
      let largest = entry.doubles().reduce(0) { max($0, $1.magnitude) }
      if entry.shape.count > 1 {
        bound *= max(1, largest * Double(entry.shape.dropFirst().reduce(1, *)))
      } else {
        bound += largest
      }
    }
    let isSingle = device.backend.realSize == MemoryLayout<Float>.size
    return bound > (isSingle ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude)
  }

  /// The weight of the greatest magnitude, as text; nil for a model without weights.
  private func largestWeight() throws -> String? {
    let largest = try weights().entries.compactMap { entry in
      let values = entry.doubles()
      return values.indices.max { values[$0].magnitude < values[$1].magnitude }
        .map { (entry: entry, place: $0, value: values[$0]) }
    }.max { $0.value.magnitude < $1.value.magnitude }
    return largest.map {
      "\($0.value), '\($0.entry.name)', element \($0.entry.index(of: $0.place))"
    }
  }
}
