import Hypertower

extension UnlabelledSamples {
  /// Images, each in a file of its own.
  ///
  /// - Parameters:
  ///   - files: their names and contents.
  ///   - encoding: the shape that a network takes.
  ///   - scale: what bytes are divided by; nil: 255.
  /// - Throws: `InputError(.badData)` for one that is damaged or of another size.
  package static func images(
    _ files: [(name: String, contents: [UInt8])], as encoding: ImageEncoding, scale: Double?
  ) throws -> UnlabelledSamples {
    let features = try files.flatMap { name, contents in
      try encoding.bytes(
        of: PixelImage(contents, name: name), name: name, sizeOf: "and the network takes"
      ).map { Float(Double($0) / (scale ?? 255)) }
    }
    var samples = UnlabelledSamples(
      count: files.count, features: features, shape: encoding.shape)
    samples.names = files.map(\.name)
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
