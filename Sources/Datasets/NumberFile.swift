import Hypertower

/// An array of numbers from a file, of any shape, its elements in row-major order.
protocol NumberFile: Sendable {
  /// What error messages call the file.
  var name: String { get }
  /// The sizes of the dimensions, outermost first.
  var shape: [Int] { get }
  /// What features of its type are divided by unless the user says otherwise.
  var defaultScale: Double { get }
  /// What to tell the user of a file that was not read but mapped.
  var mappingNote: String? { get }

  /// What `transform` makes of the elements as numbers: of all of them in order, or of every `step`-th from number
  /// `start` on.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  func map<Result>(
    from start: Int, by step: Int, _ transform: (Double) -> Result
  ) throws -> [Result]

  /// The elements as features that need no conversion, divided by `scale`; nil if they need one.
  func plainFeatures(scale: Double) throws -> Dataset.Features?
}

extension NumberFile {
  /// The number of elements.
  var elementCount: Int { shape.reduce(1, *) }

  /// What `transform` makes of all elements.
  func map<Result>(_ transform: (Double) -> Result) throws -> [Result] {
    try map(from: 0, by: 1, transform)
  }

  /// The elements as features, divided by `scale`.
  ///
  /// - Parameter scale: nil: what suits the type.
  /// - Throws: `InputError(.badData)` when one is not finite.
  func features(scale given: Double?) throws -> Dataset.Features {
    let scale = given ?? defaultScale
    if let features = try plainFeatures(scale: scale) { return features }
    // Others are converted, which takes memory.
    try MachineMemory.check(elementCount * MemoryLayout<Float>.size, for: name)
    let features = try map { Float($0 / scale) }
    if let index = features.firstIndex(where: { !$0.isFinite }) {
      let width = features.count / shape[0]
      let (sample, feature) = index.quotientAndRemainder(dividingBy: width)
      let value = try map(from: index, by: features.count) { $0 }[0]
      throw InputError(
        .badData,
        "\(name): feature \(feature) of sample \(sample) is \(value)"
          + (scale == 1 ? "" : ", divided by \(scale)")
          + ", expected a number that is finite in 32 bits: correct the data (samples and "
          + "features are numbered from 0)")
    }
    return .floats(features)
  }

  /// Whether every row of `columns` numbers is a 1 and otherwise 0.
  func isOneHot(columns: Int) throws -> Bool {
    let values = try map { $0 }
    return stride(from: 0, to: values.count, by: columns).allSatisfy { start in
      let row = values[start..<start + columns]
      return row.allSatisfy { $0 == 0 || $0 == 1 } && row.reduce(0, +) == 1
    }
  }

  /// The first of `columns` columns as labels.
  func labels(columns: Int) throws -> [Int32] {
    let values = try map(from: 0, by: columns) { $0 }
    let limit = Double(LabelledImages.Options.classCounts.upperBound)
    if let index = values.firstIndex(where: { !($0 >= 0 && $0 < limit && $0 == $0.rounded()) }) {
      let value = values[index]
      let text = value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
      throw InputError(
        .badData,
        "\(name): label \(index) is \(text), expected a whole number from 0 to \(Int(limit) - 1): "
          + "correct the data (labels are numbered from 0)")
    }
    return values.map { Int32($0) }
  }
}
