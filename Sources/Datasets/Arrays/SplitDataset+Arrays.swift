import Hypertower

extension SplitDataset {
  /// Reads arrays: an NPY file of samples, with the targets in another, or an NPZ or safetensors file with both.
  ///
  /// The first axis is that of samples. Targets are classes, if they are whole numbers from 0 on as far as suits
  /// numbers of classes, or values, which are standardized.
  ///
  /// What is larger than may lie in memory stays on disk; see `MappedRows`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - target: the file of the targets, or their name in a file of several arrays; nil: one of the names in use.
  ///   - task: nil: what the targets suggest.
  ///   - options: the number of classes, what features are divided by, and what is held back.
  ///   - scales: what target values are standardized by; nil: those of the samples to train on.
  /// - Throws: `InputError` of kind `.missingInput` when a file cannot be read, `.badData` when one is damaged or they do
  ///   not fit together, `.usage` when an option does not fit them, `.cannotWrite` when there is no room for a temporary
  ///   file.
  public static func arrays(
    _ path: String, target: String? = nil, task: TableOptions.Task? = nil,
    _ options: LabelledImages.Options = .init(), scales: [Standardization]? = nil
  ) throws -> SplitDataset {
    try arrays(
      path, target: target, task: task, options, scales: scales, in: MemoryBudget())
  }

  /// The same with a limit on what lies in memory.
  package static func arrays(
    _ path: String, target: String? = nil, task: TableOptions.Task? = nil,
    _ options: LabelledImages.Options = .init(), scales: [Standardization]? = nil,
    in budget: MemoryBudget
  ) throws -> SplitDataset {
    let parts =
      switch DataFormat(of: path) {
      case .arrays:
        try ArrayParts(
          npz: .contents(of: path, in: budget), name: path, target: target, in: budget)
      case .safetensors:
        try ArrayParts(
          safetensors: .contents(of: path, in: budget), name: path, target: target, in: budget)
      case .array, .folder, .table, .idx:
        try ArrayParts(npy: path, target: target, in: budget)
      }
    return try SplitDataset(parts, task: task, options, scales: scales, in: budget)
  }

  /// The same of an NPZ file's contents, with the defaults.
  package static func arrays(npz bytes: [UInt8], name: String) throws -> SplitDataset {
    let budget = MemoryBudget()
    return try SplitDataset(
      ArrayParts(npz: StoredArray(bytes), name: name, target: nil, in: budget), task: nil, .init(),
      in: budget)
  }

  init(
    _ parts: ArrayParts, task: TableOptions.Task?, _ options: LabelledImages.Options,
    scales given: [Standardization]? = nil, in budget: MemoryBudget
  ) throws {
    var notes: [String] = []
    let (isOfClasses, note) = try parts.train.targets.task(
      given: task ?? (options.classCount == nil ? nil : .classification))
    if let note { notes.append(note) }
    let hasChannelsLast = parts.train.samples.hasChannelsLast
    if hasChannelsLast {
      notes.append(
        "\(parts.train.samples.name): shape \(parts.train.samples.shape) is taken as images with the channels last"
      )
    }
    func samples(_ part: ArrayParts.Part) throws -> NPYFile {
      hasChannelsLast && part.samples.hasChannelsLast
        ? try part.samples.withChannelsFirst(in: budget) : part.samples
    }
    func imagePart(_ part: ArrayParts.Part) throws -> ImagePart {
      try ImagePart(images: samples(part), labels: part.targets)
    }
    if isOfClasses {
      self.init(
        try LabelledImages(
          train: imagePart(parts.train), validation: parts.validation.map(imagePart),
          test: parts.test.map(imagePart), options, notes: notes, in: budget))
      return
    }
    func valuePart(_ part: ArrayParts.Part) throws -> Dataset {
      let data = try Dataset(
        samples(part), values: part.targets, scale: options.scale, in: budget)
      if let note = data.diskNote(part.samples.name) { notes.append(note) }
      return data
    }
    let train = try valuePart(parts.train)
    let others = try (parts.validation.map(valuePart), parts.test.map(valuePart))
    try options.split.check(
      hasValidation: others.0 != nil, hasTest: others.1 != nil, parts.train.samples.name)
    let own = try train.parts(options.split)
    let scales = try given ?? own.train.valueScales()
    guard scales.count == train.targetCount else {
      throw InputError(
        .badData,
        "\(parts.train.targets.name): \(train.targetCount) values for each sample, expected \(scales.count), which "
          + "the network predicts: give targets as it was trained on")
    }
    self.init(
      train: try own.train.standardizingValues(scales, parts.train.targets.name, in: budget),
      validation: try (own.validation ?? others.0)?.standardizingValues(
        scales, parts.train.targets.name, in: budget),
      test: try (own.test ?? others.1)?.standardizingValues(
        scales, parts.train.targets.name, in: budget),
      sampleShape: parts.train.samples.sampleShape(hasChannelsLast: hasChannelsLast),
      encoding: SampleEncoding(values: scales), notes: notes)
  }
}

extension NPYFile {
  /// Whether these are images `[count, height, width, channels]` by the look of their shape.
  var hasChannelsLast: Bool {
    let channels = [1, 3, 4]
    return shape.count == 4 && channels.contains(shape[3]) && !channels.contains(shape[1])
  }

  /// The shape of a sample, with the channels of images first.
  fileprivate func sampleShape(hasChannelsLast: Bool) -> [Int] {
    hasChannelsLast ? [shape[3], shape[1], shape[2]] : Array(shape.dropFirst())
  }

  /// Whether these targets are classes, and what to tell the user of the choice.
  fileprivate func task(given: TableOptions.Task?) throws -> (isOfClasses: Bool, note: String?) {
    guard !shape.isEmpty else {
      throw InputError(
        .badData,
        "\(name): is a single number, expected a target for each sample: give an array of targets")
    }
    let columns = shape.dropFirst().reduce(1, *)
    if columns > 1, try elementCount > 0 && isOneHot(columns: columns) { return (true, nil) }
    if let given { return (given == .classification, nil) }
    guard columns <= 1 else {
      return (false, "\(name): \(columns) columns: as many values are predicted of each sample")
    }
    var (areFewWhole, distinct) = (true, Set<Double>())
    try forEachPart(unit: 1) { _, values in
      guard areFewWhole else { return }
      areFewWhole = values.allSatisfy { $0 >= 0 && $0 == $0.rounded() }
      guard areFewWhole else { return }
      if type.isFloat {
        for value in values where distinct.count <= 20 { distinct.insert(value) }
        areFewWhole = distinct.count <= 20
      } else {
        areFewWhole = values.allSatisfy { $0 < 1000 }
      }
    }
    guard areFewWhole else {
      return (
        false, "\(name): a number is predicted; --task classification takes the numbers for classes"
      )
    }
    return (
      true,
      type.isFloat
        ? "\(name): few whole numbers, which are taken for classes; --task regression predicts a number"
        : nil
    )
  }
}

extension Dataset {
  /// Samples with values to predict, as they are.
  fileprivate init(
    _ samples: NPYFile, values: NPYFile, scale: Double?, in budget: MemoryBudget
  ) throws {
    guard samples.shape.count >= 2, samples.elementCount > 0 else {
      throw InputError(
        .badData,
        "\(samples.name): shape \(samples.shape), expected the number of samples and their sizes: are samples and "
          + "targets swapped?")
    }
    guard values.shape.first == samples.shape[0], values.elementCount > 0 else {
      throw InputError(
        .badData,
        "\(values.name): shape \(values.shape), expected \(samples.shape[0]) first, a target for each sample of "
          + "\(samples.name): give arrays of one data set")
    }
    let (count, width) = (samples.shape[0], values.elementCount / samples.shape[0])
    var numbers = try StoredArrayBuilder<Float>(
      values.name, in: budget, expected: values.elementCount)
    try values.forEachPart(unit: 1) { start, part in
      let own = part.map { Float($0) }
      if let place = own.firstIndex(where: { !$0.isFinite }) {
        throw InputError(
          .badData,
          "\(values.name): target \((start + place) % width) of sample \((start + place) / width) is \(own[place]), "
            + "expected a number that is finite in 32 bits: correct the data (both are numbered from 0)"
        )
      }
      try numbers.append(contentsOf: own)
    }
    let targets = try numbers.finish().targets(width: width)
    self.init(
      count: count, featureCount: samples.elementCount / count,
      features: try samples.features(scale: scale, in: budget), targets: targets)
  }

  /// Runs `body` on the targets of some samples after others, in order.
  private func forEachTargets(_ body: ([Float]) throws -> Void) throws {
    let (rows, length) = (targetRows, max(1, (1 << 17) / targetCount))
    for start in stride(from: 0, to: count, by: length) {
      try body(rows.floats(of: start..<min(start + length, count)))
    }
  }

  /// The mean and deviation of each target value.
  fileprivate func valueScales() throws -> [Standardization] {
    let width = targetCount
    return try Standardization.ofColumns(width) { add in
      try forEachTargets { values in
        for (place, value) in values.enumerated() { add(place % width, Double(value)) }
      }
    }
  }

  fileprivate func standardizingValues(
    _ scales: [Standardization], _ name: String, in budget: MemoryBudget
  ) throws -> Dataset {
    var values = try StoredArrayBuilder<Float>(name, in: budget, expected: count * targetCount)
    try forEachTargets { part in
      try values.append(
        contentsOf: part.enumerated().map { Float(scales[$0 % scales.count](Double($1))) })
    }
    return Dataset(
      count: count, featureCount: featureCount, features: features,
      targets: try values.finish().targets(width: scales.count))
  }
}
