extension Trainer {
  /// The weights and the model's states under the names and in the layout of another library, in float32; where an
  /// average is kept, it is that.
  ///
  /// PyTorch takes them by `load_state_dict(load_file(path))`, MLX by `load_weights(path)`; `Module.placements(in:)` says
  /// what is called how.
  public func weights(in layout: WeightLayout) throws -> SafetensorsFile {
    var values: [ObjectIdentifier: HostArray] = [:]
    for (number, parameter) in state.parameters.enumerated() {
      values[ObjectIdentifier(parameter.declaration)] = try state.weights(number)
    }
    for (number, own) in state.contents.states.enumerated() {
      values[ObjectIdentifier(own.declaration)] = try state.modelState(number)
    }
    var entries: [(name: String, shape: Shape, values: [Double])] = []
    var places: [String: Int] = [:]
    var counts: [SafetensorsFile.Entry] = []
    for placement in model.placements(in: layout) {
      switch placement.content {
      case .stepCount: counts.append(.init(name: placement.name, count: stepCount))
      case .part(let part):
        guard let declaration = part.tensor.parameterDeclaration,
          let own = values[ObjectIdentifier(declaration)]
        else { fatalError("Module: the placement '\(placement.name)' is of no parameter") }
        let written = part.written(own.doubles)
        if let place = places[placement.name], part.isAddend {
          for (number, value) in written.enumerated() { entries[place].values[number] += value }
        } else {
          places[placement.name] = entries.count
          entries.append((placement.name, part.fileShape, written))
        }
      }
    }
    return SafetensorsFile(
      entries.map { .init(name: $0.name, shape: $0.shape, floats: $0.values.map { Float($0) }) }
        + counts,
      metadata: SafetensorsFile.weightsMark.merging([WeightLayout.key: layout.formatName]) { $1 })
  }
}
