import Hypertower

/// How images in files become samples.
public struct ImageOptions: Codable, Equatable, Sendable {
  /// The number of rows that all are stretched to; nil: all have one size.
  public var height: Int?
  /// The same of columns.
  public var width: Int?
  /// 1 for grey, 3 for red, green and blue; nil: grey if all are grey.
  public var channels: Int?

  /// Images as they are, unless a size or a number of channels is given.
  public init(height: Int? = nil, width: Int? = nil, channels: Int? = nil) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }
}

extension SplitDataset {
  /// Reads folders of images, one for each class: PNG, JPEG, PGM or PPM.
  ///
  /// The classes are the folders, in the order of their names. If there is a folder `train`, it has them, and `val` and
  /// `test` may have others of the same names.
  ///
  /// Pixels of more bytes than may lie in memory go to a temporary file; see `MappedRows`.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - images: what sizes and channels samples have.
  ///   - split: what is held back, with the same share of each class; default: nothing.
  ///   - encoding: how the images were understood that a network was trained on; nil: it follows from the folder.
  /// - Returns: nil if there are no such folders.
  /// - Throws: `InputError` of kind `.missingInput` when a file cannot be read, `.badData` when one is damaged or of another
  ///   size, `.usage` when an option does not fit the data, `.cannotWrite` when there is no room for a temporary file.
  public static func imageFolders(
    _ path: String, _ images: ImageOptions = ImageOptions(), split: Split = Split(),
    as encoding: SampleEncoding? = nil
  ) throws -> SplitDataset? {
    try imageFolders(path, images, split: split, as: encoding, in: MemoryBudget())
  }

  /// The same with a limit on what lies in memory.
  package static func imageFolders(
    _ path: String, _ images: ImageOptions = ImageOptions(), split: Split = Split(),
    as encoding: SampleEncoding? = nil, in budget: MemoryBudget
  ) throws -> SplitDataset? {
    guard let folders = try ImageFolders(path) else { return nil }
    let own = encoding?.classNames ?? folders.train.classes.map(\.name)
    guard own.count > 1 else {
      throw InputError(
        .badData,
        "\(path): there is one folder with images, '\(own[0])', expected one for each of at least 2 classes"
      )
    }
    var shape = encoding?.images
    var notes: [String] = []
    func part(_ folder: ImageFolder) throws -> Dataset {
      notes += folder.notes
      let samples = try ImageSamples(folder, classes: own, images, shape, beside: path, in: budget)
      shape = samples.encoding
      if let note = samples.dataset.diskNote(path) { notes.append(note) }
      return samples.dataset
    }
    let train = try part(folders.train)
    let others = try (folders.validation.map(part), folders.test.map(part))
    try split.check(hasValidation: others.0 != nil, hasTest: others.1 != nil, path)
    let parts = try train.parts(split)
    var result = encoding ?? SampleEncoding(classCount: own.count, classNames: own)
    result.images = shape
    return SplitDataset(
      train: parts.train, validation: parts.validation ?? others.0, test: parts.test ?? others.1,
      sampleShape: shape!.shape, encoding: result, notes: notes)
  }
}

/// The images of a folder as samples.
private struct ImageSamples {
  let dataset: Dataset
  let encoding: ImageEncoding

  /// - Parameters:
  ///   - known: the shape of images that were read before; nil: these are the first.
  ///   - budget: how much may lie in memory.
  init(
    _ folder: ImageFolder, classes: [String], _ options: ImageOptions, _ known: ImageEncoding?,
    beside path: String, in budget: MemoryBudget
  ) throws {
    if let other = folder.classes.first(where: { !classes.contains($0.name) }) {
      throw InputError(
        .badData,
        "\(other.paths[0]): there is no class '\(other.name)' to train on; the classes are "
          + classes.prefix(20).joined(separator: ", ") + (classes.count > 20 ? ", …" : "")
          + ": rename or remove its folder")
    }
    let paths = folder.paths
    let other = known == nil ? "and \(paths[0]) has" : "and others have"
    func pixels(_ encoding: ImageEncoding, ofGrey: Bool) throws -> StoredArray<UInt8>? {
      try Self.pixels(paths, as: encoding, ofGrey: ofGrey, beside: path, sizeOf: other, in: budget)
    }
    var encoding = try known ?? Self.encoding(paths[0], options)
    let isAssumed = known == nil && options.channels == nil && encoding.channels == 1
    var samples = try pixels(encoding, ofGrey: isAssumed)
    if samples == nil {
      encoding = encoding.inColours
      samples = try pixels(encoding, ofGrey: false)
    }
    let labels = folder.classes.flatMap { own in
      let label = Int32(classes.firstIndex(of: own.name)!)
      return [Int32](repeating: label, count: own.paths.count)
    }
    let size = encoding.shape.reduce(1, *)
    self.encoding = encoding
    dataset = Dataset(
      count: paths.count, featureCount: size, features: try samples!.features(width: size),
      targets: .classes(labels, classCount: classes.count))
  }

  /// The pixels of all images, one image after another.
  ///
  /// - Parameters:
  ///   - ofGrey: whether all are to be grey.
  ///   - other: what has the size that is expected, for messages.
  /// - Returns: nil if one has colours where none may.
  private static func pixels(
    _ paths: [String], as encoding: ImageEncoding, ofGrey: Bool, beside path: String,
    sizeOf other: String, in budget: MemoryBudget
  ) throws -> StoredArray<UInt8>? {
    var pixels = try StoredArrayBuilder<UInt8>(
      path, in: budget, expected: paths.count * encoding.shape.reduce(1, *))
    for path in paths {
      let image = try PixelImage(contentsOf: path)
      guard !ofGrey || image.channels == 1 else {
        pixels.discard()
        return nil
      }
      try pixels.append(contentsOf: encoding.bytes(of: image, name: path, sizeOf: other))
    }
    return try pixels.finish()
  }

  /// The shape of samples, by the first image.
  private static func encoding(_ path: String, _ options: ImageOptions) throws -> ImageEncoding {
    let first = try PixelImage(contentsOf: path)
    return ImageEncoding(
      channels: options.channels ?? first.channels, height: options.height ?? first.height,
      width: options.width ?? first.width, isResized: options.height != nil)
  }
}

extension ImageEncoding {
  /// The same of red, green and blue.
  fileprivate var inColours: ImageEncoding {
    ImageEncoding(channels: 3, height: height, width: width, isResized: isResized)
  }
}
