import Hypertower

/// Samples without labels, from an IDX file, an NPY file or a CSV file of numbers.
package struct UnlabelledSamples: Sendable {
  /// The number of samples.
  package let count: Int
  /// The features of all samples, sample after sample.
  package let features: StoredArray<Float>
  /// The sizes of a sample, as in `[28, 28]`.
  package let shape: [Int]
  /// The name of each sample's file; nil: they are of one file.
  package var names: [String]? = nil

  init(count: Int, features: StoredArray<Float>, shape: [Int]) {
    self.count = count
    self.features = features
    self.shape = shape
  }

  /// - Parameters:
  ///   - contents: an IDX file, compressed by gzip or not; an NPY file, whose images may have their channels last, as in
  ///     training; or lines of numbers separated by commas, a sample each.
  ///   - name: what error messages call the file.
  ///   - scale: what features are divided by; nil: 255 for bytes of an IDX or NPY file, else 1.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` that names what is wrong where, `.cannotWrite` when there is no room for a
  ///   temporary file.
  package init(
    _ contents: StoredArray<UInt8>, name: String, scale: Double?,
    in budget: MemoryBudget = MemoryBudget()
  ) throws {
    var features = FeatureBuilder(
      name: name, features: try StoredArrayBuilder<Float>(name, in: budget))
    if let file = try Self.numberFile(contents, name: name, in: budget) {
      guard file.shape.count >= 2, file.elementCount > 0 else {
        throw InputError(
          .badData,
          "\(name): the dimensions are \(file.shape), expected the number of samples and their sizes: give "
            + "a file of samples")
      }
      (count, shape) = (file.shape[0], Array(file.shape.dropFirst()))
      let (scale, width) = (scale ?? file.defaultScale, file.elementCount / count)
      try file.forEachPart(unit: 1) { _, numbers in
        try features.append(numbers.map { $0 / scale }, width: width)
      }
    } else {
      let width = try NumberLines.forEach(contents, name: name) { numbers in
        try features.append(numbers.map { $0 / (scale ?? 1) }, width: numbers.count)
      }
      (count, shape) = (features.count / width, [width])
    }
    self.features = try features.finish()
  }

  /// The array that an IDX or NPY file holds; nil for other files.
  private static func numberFile(
    _ contents: StoredArray<UInt8>, name: String, in budget: MemoryBudget
  ) throws -> (any NumberFile)? {
    let start = contents.prefix(NPYHeader.mark.count)
    if start == NPYHeader.mark {
      let file = try NPYFile(contents, name: name, in: budget)
      return file.hasChannelsLast ? try file.withChannelsFirst(in: budget) : file
    }
    guard start.starts(with: [0, 0]) || start.withUnsafeBytes(Gzip.isGzip) else { return nil }
    return try IDXFile(contents, name: name, in: budget)
  }
}

/// Makes features of numbers, which must be finite.
private struct FeatureBuilder {
  let name: String
  var features: StoredArrayBuilder<Float>
  /// Of the first number that is not finite; what is wrong with later lines of a text is told before it.
  var fault: InputError?

  var count: Int { features.count }

  mutating func append(_ numbers: [Double], width: Int) throws {
    guard fault == nil else { return }
    let own = numbers.map(Float.init)
    if let place = own.firstIndex(where: { !$0.isFinite }) {
      let (sample, feature) = (count + place).quotientAndRemainder(dividingBy: width)
      fault = InputError(
        .badData,
        "\(name): feature \(feature) of sample \(sample) is \(numbers[place]), expected a number that is "
          + "finite in 32 bits: correct the data (samples and features are numbered from 0)")
      return
    }
    try features.append(contentsOf: own)
  }

  mutating func finish() throws -> StoredArray<Float> {
    if let fault { throw fault }
    return try features.finish()
  }
}
