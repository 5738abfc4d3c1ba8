import Hypertower

extension UnlabelledSamples {
  /// Images, each in a file of its own.
  ///
  /// - Parameters:
  ///   - names: those of the files.
  ///   - encoding: the shape that a network takes.
  ///   - scale: what bytes are divided by; nil: 255.
  ///   - budget: how much may lie in memory.
  ///   - contents: the bytes of the file of a number, from 0.
  /// - Throws: `InputError` of kind `.badData` for one that is damaged or of another size, `.cannotWrite` when there is no
  ///   room for a temporary file; what `contents` throws.
  package static func images(
    _ names: [String], as encoding: ImageEncoding, scale: Double?,
    in budget: MemoryBudget = MemoryBudget(), _ contents: (Int) throws -> [UInt8]
  ) throws -> UnlabelledSamples {
    var features = try StoredArrayBuilder<Float>(
      names[0], in: budget, expected: names.count * encoding.shape.reduce(1, *))
    for (number, name) in names.enumerated() {
      let bytes = try encoding.bytes(
        of: PixelImage(contents(number), name: name), name: name, sizeOf: "and the network takes")
      try features.append(contentsOf: bytes.map { Float(Double($0) / (scale ?? 255)) })
    }
    var samples = UnlabelledSamples(
      count: names.count, features: try features.finish(), shape: encoding.shape)
    samples.names = names
    return samples
  }
}

extension ImageEncoding {
  /// That of samples of another origin, such as `[28, 28]` or `[3, 32, 32]`.
  ///
  /// - Parameter source: the file of the weights.
  /// - Throws: `InputError(.badData)` if they are no images.
  package init(shape: [Int], source: String) throws {
    let own = shape.count == 2 ? [1] + shape : shape
    guard own.count == 3, own[0] == 1 || own[0] == 3 else {
      throw InputError(
        .badData,
        "\(source): the network takes samples of \(shape), which are no images: give other samples")
    }
    self.init(channels: own[0], height: own[1], width: own[2], isResized: false)
  }
}
