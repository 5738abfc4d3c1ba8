import Hypertower

/// An array of numbers from a file, of any shape, its elements in row-major order.
protocol NumberFile: Sendable {
  /// What error messages call the file.
  var name: String { get }
  /// The sizes of the dimensions, outermost first.
  var shape: [Int] { get }
  /// What features of its type are divided by unless the user says otherwise.
  var defaultScale: Double { get }

  /// What `transform` makes of elements as numbers: of every `step`-th of those from number `start` on and before
  /// number `end`, nil: up to the last.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  func map<Result>(
    from start: Int, to end: Int?, by step: Int, _ transform: (Double) -> Result
  ) throws -> [Result]

  /// The elements as features that need no conversion, divided by `scale`; nil if they need one.
  func plainFeatures(scale: Double) throws -> Dataset.Features?
}

extension NumberFile {
  /// The number of elements.
  var elementCount: Int { shape.reduce(1, *) }

  /// What `transform` makes of all elements.
  func map<Result>(_ transform: (Double) -> Result) throws -> [Result] {
    try map(from: 0, to: nil, by: 1, transform)
  }

  /// Runs `body` on one part of the elements after another, as numbers in order.
  ///
  /// - Parameter unit: the number of elements of which each part has a multiple.
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile; what `body` throws.
  func forEachPart(
    unit: Int, _ body: (_ start: Int, _ numbers: [Double]) throws -> Void
  ) throws {
    let length = max(1, (1 << 17) / unit) * unit
    for start in stride(from: 0, to: elementCount, by: length) {
      try body(start, map(from: start, to: min(start + length, elementCount), by: 1) { $0 })
    }
  }

  /// The elements as features, divided by `scale`.
  ///
  /// - Parameters:
  ///   - scale: nil: what suits the type.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` when one is not finite, `.cannotWrite` when there is no room for a
  ///   temporary file.
  func features(scale given: Double?, in budget: MemoryBudget) throws -> Dataset.Features {
    let scale = given ?? defaultScale
    if let features = try plainFeatures(scale: scale) { return features }
    let width = elementCount / shape[0]
    var features = try StoredArrayBuilder<Float>(name, in: budget, expected: elementCount)
    try forEachPart(unit: 1) { start, numbers in
      let own = numbers.map { Float($0 / scale) }
      if let place = own.firstIndex(where: { !$0.isFinite }) {
        let (sample, feature) = (start + place).quotientAndRemainder(dividingBy: width)
        throw InputError(
          .badData,
          "\(name): feature \(feature) of sample \(sample) is \(numbers[place])"
            + (scale == 1 ? "" : ", divided by \(scale)")
            + ", expected a number that is finite in 32 bits: correct the data (samples and "
            + "features are numbered from 0)")
      }
      try features.append(contentsOf: own)
    }
    return try features.finish().features(width: width)
  }

  /// Whether every row of `columns` numbers is a 1 and otherwise 0.
  func isOneHot(columns: Int) throws -> Bool {
    var isOneHot = true
    try forEachPart(unit: columns) { _, numbers in
      isOneHot =
        isOneHot
        && stride(from: 0, to: numbers.count, by: columns).allSatisfy { start in
          let row = numbers[start..<start + columns]
          return row.allSatisfy { $0 == 0 || $0 == 1 } && row.reduce(0, +) == 1
        }
    }
    return isOneHot
  }

  /// The first of `columns` columns as labels.
  func labels(columns: Int) throws -> [Int32] {
    let values = try map(from: 0, to: nil, by: columns) { $0 }
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
