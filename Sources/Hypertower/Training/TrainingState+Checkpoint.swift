/// What a checkpoint holds beside the weights.
extension TrainingState {
  /// What the bottom rule's formula has of the step and the hyperparameters alone, `[1 or tensors, numbers]`:
  /// with it the derivatives of the last step are computed from what that step started from.
  private static let uniformsName = "tower.0.previous.uniforms"

  private func uniformsShape(_ layout: TowerLayout) -> Shape {
    [layout.sumSets, layout.bottom.uniformNodes.count]
  }

  /// Whether the next step reads them.
  private func readsUniforms(_ group: MovingGroup, stepCount: Int, limitsNext: Bool) -> Bool {
    limitsNext || stepCount > 0 && group.layout.height > 0 && group.derivatives == nil
  }

  /// What the next step starts from beside the weights that evaluation sees, by names that
  /// `TowerLayout.namedNumbers`, `MovingGroup.checkpointName(_:)` and `namedTensors(stepCount:)` explain.
  ///
  /// - Parameter limitsNext: whether the next step is limited.
  func checkpointEntries(stepCount: Int, limitsNext: Bool) throws -> [SafetensorsFile.Entry] {
    var entries = try namedTensors(stepCount: stepCount).map { tensor in
      if let count = tensor.count {
        return SafetensorsFile.Entry(
          name: tensor.name, shape: [count],
          try backend.read(tensor.offset..<tensor.offset + count, of: tensor.array))
      }
      return SafetensorsFile.Entry(
        name: tensor.name, shape: parameters[tensor.parameter].shape,
        try read(tensor.parameter, of: tensor.array, at: tensor.offset))
    }
    for group in groups {
      entries += try numberEntries(of: group, stepCount: stepCount, limitsNext: limitsNext)
    }
    return entries
  }

  /// The numbers of a group's tower.
  private func numberEntries(
    of group: MovingGroup, stepCount: Int, limitsNext: Bool
  ) throws -> [SafetensorsFile.Entry] {
    let layout = group.layout
    let isDouble = backend.realSize == MemoryLayout<Double>.size
    func entry(_ name: String, _ shape: Shape, _ numbers: [Double]) -> SafetensorsFile.Entry {
      let name = group.checkpointName(name)
      return isDouble
        ? .init(name: name, shape: shape, doubles: numbers)
        : .init(name: name, shape: shape, floats: numbers.map { Float($0) })
    }
    let numbers = try backend.read(0..<group.values.count, of: group.values).doubles
    var entries = layout.namedNumbers.map { entry($0.name, [], [numbers[$0.offset]]) }
    if readsUniforms(group, stepCount: stepCount, limitsNext: limitsNext) {
      let shape = uniformsShape(layout)
      entries.append(
        entry(
          Self.uniformsName, shape,
          Array(numbers[layout.uniforms..<layout.uniforms + shape.elementCount])))
    }
    if stepCount > 0, group.derivatives != nil {
      entries += layout.namedFactors.map { factor in
        switch factor.value {
        case .constant(let value): entry(factor.name, [], [value])
        case .offset(let offset): entry(factor.name, [], [numbers[offset]])
        }
      }
    }
    return entries
  }

  /// What `checkpointEntries(stepCount:)` has written, with where it goes.
  ///
  /// - Parameter limitsNext: whether the next step is limited.
  /// - Throws: `InputError` naming the tensor that is missing, does not fit, or is not finite and has to be.
  func contents(
    of reader: CheckpointReader, stepCount: Int, limitsNext: Bool
  ) throws -> CheckpointContents {
    var contents = CheckpointContents()
    for tensor in namedTensors(stepCount: stepCount) {
      let parameter = parameters[tensor.parameter]
      let values = try reader.values(
        tensor.name, shape: tensor.count.map { [$0] } ?? parameter.shape)
      contents.names.insert(tensor.name)
      contents.writes.append(
        .init(
          values: tensor.count == nil ? stored(values, as: parameter) : values,
          array: tensor.array, offset: tensor.offset))
    }
    for group in groups {
      try addNumbers(
        of: group, from: reader, stepCount: stepCount, limitsNext: limitsNext, to: &contents)
    }
    return contents
  }

  /// Adds the numbers of a group's tower.
  private func addNumbers(
    of group: MovingGroup, from reader: CheckpointReader, stepCount: Int, limitsNext: Bool,
    to contents: inout CheckpointContents
  ) throws {
    let layout = group.layout
    var numbers = layout.initialValues()
    for number in layout.namedNumbers {
      let name = group.checkpointName(number.name)
      numbers[number.offset] = try reader.number(name)
      contents.names.insert(name)
      if number.offset < layout.hyperparameterCount, !numbers[number.offset].isFinite {
        throw InputError(
          .notFinite,
          "\(reader.source): tensor '\(name)' is \(numbers[number.offset]), not finite")
      }
    }
    if let offset = layout.plannedStepsOffset {
      numbers[offset] = Double(
        try reader.fields.integer(CheckpointKey.plannedSteps, in: 1 ... .max))
    }
    if limitsNext {
      layout.evaluateUniforms(step: stepCount + 1, of: &numbers)
    }
    if readsUniforms(group, stepCount: stepCount, limitsNext: limitsNext) {
      try setUniforms(
        of: group, &numbers, from: reader, step: limitsNext ? stepCount + 1 : stepCount, &contents)
    }
    if stepCount > 0, group.derivatives != nil {
      for factor in layout.namedFactors {
        let name = group.checkpointName(factor.name)
        contents.names.insert(name)
        try set(factor, name, of: &numbers, from: reader)
      }
    }
    contents.writes.append(.init(values: .float64(numbers), array: group.values, offset: 0))
  }

  /// Takes the uniform values from the file. Where another version has made it, which computes the formula in
  /// other parts, they are computed from the hyperparameters, for step number `step`.
  private func setUniforms(
    of group: MovingGroup, _ numbers: inout [Double], from reader: CheckpointReader, step: Int,
    _ contents: inout CheckpointContents
  ) throws {
    let layout = group.layout
    let (name, shape) = (group.checkpointName(Self.uniformsName), uniformsShape(layout))
    contents.names.insert(name)
    let rule = layout.levels[0].rule
    if let other = reader.file[name]?.shape, other.count == 2, other[1] != shape[1],
      rule.sharedStates.isEmpty, rule.sums.isEmpty
    {
      layout.evaluateUniforms(step: step, of: &numbers)
      contents.note =
        "\(reader.source): was made by a version that computes \(rule.name) in other parts; the run goes "
        + "on from the same numbers, but not bit by bit"
      return
    }
    let uniforms = try reader.values(name, shape: shape).doubles
    numbers.replaceSubrange(layout.uniforms..<layout.uniforms + uniforms.count, with: uniforms)
  }

  private func set(
    _ factor: TowerLayout.NamedFactor, _ name: String, of numbers: inout [Double],
    from reader: CheckpointReader
  ) throws {
    let number = try reader.number(name)
    switch factor.value {
    case .offset(let offset): numbers[offset] = number
    case .constant(let value):
      guard number == value || number == Double(Float(value)) else {
        throw InputError(
          .badData,
          "\(reader.source): tensor '\(name)' is \(number), and this version computes derivatives "
            + "with \(value): go on with the version that wrote the file")
      }
    }
  }

  /// The checkpoints of format 1, which hold the arrays of the device as they are and know no groups.
  func contentsOfFormat1(_ reader: CheckpointReader) throws -> CheckpointContents {
    var contents = CheckpointContents()
    for (name, array) in arraysOfFormat1 {
      contents.names.insert(name)
      contents.writes.append(
        .init(values: try reader.values(name, shape: [array.count]), array: array, offset: 0))
    }
    return contents
  }

  /// What format 1 holds beside weights and counters, by name.
  var arraysOfFormat1: [(name: String, array: any DeviceArray)] {
    let group = groups[0]
    var arrays: [(name: String, array: any DeviceArray)] = [("training.tower", group.values)]
    for (number, array) in gradients.enumerated() {
      arrays.append(("training.gradients.\(number)", array))
    }
    for (number, array) in group.states.enumerated() {
      arrays.append(("training.states.\(number)", array))
    }
    if let weights = group.previousWeights { arrays.append(("training.previous_weights", weights)) }
    if let derivatives = group.derivatives { arrays.append(("training.derivatives", derivatives)) }
    // The weights' own names then hold the average.
    if average != nil { arrays.append(("training.weights", arena)) }
    return arrays
  }
}

/// What a checkpoint holds beside the weights, checked, with where it goes.
struct CheckpointContents {
  struct Write {
    let values: HostArray
    let array: any DeviceArray
    let offset: Int
  }

  var writes: [Write] = []
  /// The names of the tensors.
  var names: Set<String> = []
  /// What a user should know.
  var note: String?
}
