/// Which tensor of a file each parameter of a model is.
struct WeightMatch {
  /// A parameter's name and shape.
  typealias Parameter = (name: String, shape: Shape)

  /// The tensors, in the order of the parameters.
  let entries: [SafetensorsFile.Entry]
  /// What a user should know: how names were matched, and what was left out.
  let notes: [String]
  private let source: String

  /// Matches by the parameters' names; else by those names after a common beginning, such as `module.`; else by the
  /// names and shapes that other libraries have for the model's modules; else, for dense layers, by their order and
  /// shapes. A file of MLX is looked at as such first.
  ///
  /// - Parameters:
  ///   - model: what the parameters and states are of.
  ///   - own: those of its parameters and states that are looked for.
  ///   - layout: the library whose names and layout the file has; nil: the one that fits.
  ///   - source: what messages call the file.
  /// - Throws: `InputError(.badData)` if a parameter has no tensor or several, or the tensor another
  ///   shape or a type that is not read; or if the file holds further layers.
  init(
    _ model: some Module, _ own: [LayoutMatch.Parameter], in file: SafetensorsFile,
    layout: WeightLayout?, source: String
  ) throws {
    self.source = source
    let parameters = own.map { (name: $0.name, shape: $0.declaration.shape) }
    let file = file.withoutTraining(keeping: parameters.map(\.name))
    let way = try Self.way(model, own, in: file, layout: layout, source: source)
    entries = way.entries
    for (entry, parameter) in zip(entries, parameters) {
      try Self.check(entry, parameter.shape, source: source)
    }
    // PyTorch counts the steps of batch normalization, which running means with a momentum do not need.
    let others = try Self.others(than: way.used, in: file, source: source)
      .filter { !$0.hasSuffix("num_batches_tracked") }
    notes =
      (way.note.map { ["\(source): matched by \($0)"] } ?? [])
      + (others.isEmpty
        ? [] : ["\(source): left out what the model does not need: \(listed(others))"])
  }

  // MARK: Ways to match

  /// A tensor for each parameter, those of the file that they are made of, and what was matched by, if that must be
  /// said.
  private struct Way {
    let entries: [SafetensorsFile.Entry]
    let used: [SafetensorsFile.Entry]
    let note: String?

    init(_ entries: [SafetensorsFile.Entry], _ note: String?) {
      (self.entries, used, self.note) = (entries, entries, note)
    }

    init(_ match: LayoutMatch, _ layout: WeightLayout, beginning: String) {
      (entries, used) = (match.entries, match.used)
      note =
        "the names and shapes of \(layout.libraryName)"
        + (beginning.isEmpty ? "" : " after '\(beginning)'")
    }
  }

  private static func way(
    _ model: some Module, _ own: [LayoutMatch.Parameter], in file: SafetensorsFile,
    layout: WeightLayout?, source: String
  ) throws -> Way {
    let parameters = own.map { (name: $0.name, shape: $0.declaration.shape) }
    func isFitting(_ entries: [SafetensorsFile.Entry]) -> Bool {
      zip(entries, parameters).allSatisfy { $0.shape == $1.shape }
    }
    func other(_ layout: WeightLayout) throws -> Way? {
      try LayoutMatch.any(own, model.placements(in: layout), in: file, source: source)
        .map { $0.isPlain ? nil : Way($0, layout, beginning: $1) } ?? nil
    }
    if let layout {
      do {
        let match = try LayoutMatch(own, model.placements(in: layout), in: file, source: source)
        return Way(match, layout, beginning: "")
      } catch let fault as LayoutMatch.Fault {
        throw InputError(
          .badData, "\(source): as a file of \(layout.libraryName): \(fault.message)")
      }
    }
    if file.isOfMLX, let way = try other(.mlx) { return way }
    let named = entries(parameters, in: file).map { Way($0, nil) }
    if let named, isFitting(named.entries) { return named }
    let prefixed = entriesAfterBeginning(parameters, in: file)
      .map { Way($0, "name after '\($1)'") }
    if let prefixed, isFitting(prefixed.entries) { return prefixed }
    for layout in WeightLayout.allCases {
      if let way = try other(layout) { return way }
    }
    if let way = named ?? prefixed { return way }
    let ordered = try entriesByOrder(parameters, in: file, source: source)
    let pairs = zip(ordered, parameters).map { "\($0.name) → \($1.name)" }
    return Way(ordered, "order and shape: \(pairs.joined(separator: ", "))")
  }

  /// The tensors with the parameters' names after `beginning`, if all are there.
  private static func entries(
    _ parameters: [Parameter], in file: SafetensorsFile, beginning: String = ""
  ) -> [SafetensorsFile.Entry]? {
    let entries = parameters.compactMap { file[beginning + $0.name] }
    return entries.count == parameters.count ? entries : nil
  }

  /// The tensors whose names have one beginning before the parameters', if there is only one such.
  private static func entriesAfterBeginning(
    _ parameters: [Parameter], in file: SafetensorsFile
  ) -> (entries: [SafetensorsFile.Entry], beginning: String)? {
    guard let first = parameters.first else { return nil }
    let matches = file.entries.filter { $0.name.hasSuffix(first.name) }.compactMap { entry in
      let beginning = String(entry.name.dropLast(first.name.count))
      return entries(parameters, in: file, beginning: beginning).map { ($0, beginning) }
    }
    return matches.count == 1 ? matches[0] : nil
  }

  private static func entriesByOrder(
    _ parameters: [Parameter], in file: SafetensorsFile, source: String
  ) throws -> [SafetensorsFile.Entry] {
    func isMissing(_ parameter: Parameter) -> InputError {
      InputError(
        .badData,
        "\(source): tensor '\(parameter.name)' of shape \(parameter.shape) is missing; the file has "
          + listed(file.entries.map(\.name)))
    }
    let missing = parameters.first { file[$0.name] == nil }!
    guard let widths = widths(ofDenseLayers: parameters) else { throw isMissing(missing) }
    let chain: LayerChain
    do {
      chain = try LayerChain(
        in: file, inputs: widths[0], outputs: widths[widths.count - 1], widths: widths,
        source: source)
    } catch {
      // With some of the names there, the others are what is wrong.
      throw parameters.contains { file[$0.name] != nil } ? isMissing(missing) : error
    }
    return try zip(chain.layers, stride(from: 0, to: parameters.count, by: 2)).flatMap {
      layer, number in
      guard let bias = layer.bias else {
        let parameter = parameters[number + 1]
        throw InputError(
          .badData,
          "\(source): tensor '\(layer.biasName)' is missing, '\(parameter.name)' of the model: for a "
            + "layer without a bias add zeros of shape \(parameter.shape)")
      }
      return [layer.weight, bias]
    }
  }

  /// The widths of a model whose parameters are those of dense layers, each a weight and a bias, one
  /// layer after another; nil for other models.
  private static func widths(ofDenseLayers parameters: [Parameter]) -> [Int]? {
    guard !parameters.isEmpty, parameters.count.isMultiple(of: 2) else { return nil }
    var widths: [Int] = []
    for number in stride(from: 0, to: parameters.count, by: 2) {
      let (weight, bias) = (parameters[number].shape, parameters[number + 1].shape)
      guard weight.count == 2, bias == [weight[0]], widths.last ?? weight[1] == weight[1] else {
        return nil
      }
      if widths.isEmpty { widths.append(weight[1]) }
      widths.append(weight[0])
    }
    return widths
  }

  // MARK: Checks

  private static func check(
    _ entry: SafetensorsFile.Entry, _ shape: Shape, source: String
  ) throws {
    guard entry.shape == shape else {
      let isTransposed = shape.count == 2 && entry.shape == shape.reversed()
      throw InputError(
        .badData,
        "\(source): tensor '\(entry.name)' has shape \(entry.shape), the model needs \(shape)"
          + (isTransposed ? ": transpose it" : ""))
    }
    try entry.checkReadable(source: source)
  }

  /// The names of the tensors that the model does not need.
  ///
  /// - Throws: `InputError(.badData)` for a further layer, or for what takes part in the network
  ///   between the layers: the model would be only a part of the network in the file.
  private static func others(
    than entries: [SafetensorsFile.Entry], in file: SafetensorsFile, source: String
  ) throws -> [String] {
    let names = Set(entries.map(\.name))
    let others = file.entries.filter { !names.contains($0.name) }
    let matrices = Set(
      entries.filter { $0.shape.count == 2 }.map { NumberedName($0.name).template })
    if let layer = others.first(where: {
      $0.shape.count == 2 && matrices.contains(NumberedName($0.name).template)
    }) {
      throw InputError(
        .badData,
        "\(source): tensor '\(layer.name)' \(layer.shape) does not belong to the model: the file holds "
          + "further layers")
    }
    if let part = InnerTensors(of: entries, in: file).first(among: others) {
      throw InputError(
        .badData,
        "\(source): tensor '\(part.name)' \(part.shape) belongs between the layers that are used, and "
          + "the model has no place for it: the file holds another network, as one with normalization "
          + "is; without it all results would be another network's")
    }
    return others.map(\.name)
  }

  // MARK: Values

  /// The numbers of each parameter.
  ///
  /// - Parameter isSingle: whether they are to be stored in float32.
  /// - Throws: `InputError(.notFinite)` naming the first that is not finite.
  func values(isSingle: Bool) throws -> [HostArray] {
    try entries.map { entry in
      let values = entry.doubles()
      let place = values.firstIndex { isSingle ? !Float($0).isFinite : !$0.isFinite }
      if let place {
        let value = values[place]
        let text = value.isNaN ? "nan" : "\(value)"
        throw InputError(
          .notFinite,
          "\(source): tensor '\(entry.name)', element \(entry.index(of: place)) is \(text)"
            + (value.isFinite ? ", too large for float32; choose a device of float64: cpu64" : ""))
      }
      return .float64(values)
    }
  }
}

extension SafetensorsFile.Entry {
  /// The indices along each axis of element number `place`.
  func index(of place: Int) -> [Int] {
    var (index, rest) = ([Int](), place)
    for size in shape.reversed() {
      index.append(rest % size)
      rest /= size
    }
    return index.reversed()
  }
}
