import Hypertower

/// The images of one part of a data set, to train on or to test with, and their labels.
struct ImagePart {
  /// `[count] + imageShape`.
  let images: IDXFile
  /// `[count]`, or `[count, columns]`.
  let labelFile: IDXFile
  /// The label of each image: the first column of the file, each in 0..<2²⁴.
  let labels: [Int32]

  var count: Int { images.shape[0] }
  var imageShape: ArraySlice<Int> { images.shape.dropFirst() }
  /// The number of values of one image.
  var featureCount: Int { images.count / count }
  /// The size of an image, as in `28 × 28 (784 values)`.
  var imageSize: String {
    "\(imageShape.map { "\($0)" }.joined(separator: " × ")) (\(featureCount) values)"
  }
  var labelColumns: Int { labelFile.count / count }

  /// Puts images and labels together.
  ///
  /// - Throws: `InputError` of kind `.badData` unless every image has a label.
  init(images: IDXFile, labels labelFile: IDXFile) throws {
    func fault(_ file: IDXFile, _ message: String) -> InputError {
      InputError(.badData, "\(file.name): \(message)")
    }
    guard images.shape.count >= 2 else {
      throw fault(
        images,
        "1 dimension, expected at least 2 (the number of images and their sizes): are images and "
          + "labels swapped?")
    }
    guard labelFile.shape.count <= 2 else {
      throw fault(
        labelFile,
        "\(labelFile.shape.count) dimensions, expected 1 (the number of labels), or 2 with columns: "
          + "are images and labels swapped?")
    }
    guard images.count > 0 else {
      throw fault(
        images,
        "no pixels (the dimensions are \(images.shape)), expected at least one image: give files "
          + "that hold images")
    }
    guard labelFile.shape[0] == images.shape[0] else {
      throw fault(
        labelFile,
        "\(labelFile.shape[0]) labels, expected \(images.shape[0]), one for each image of "
          + "\(images.name): give files of one data set")
    }
    guard labelFile.count > 0 else {
      throw fault(
        labelFile,
        "no labels (the dimensions are \(labelFile.shape)), expected one for each image: give files "
          + "that hold labels")
    }
    let columns = labelFile.count / images.shape[0]
    guard try columns == 1 || !labelFile.isOneHot(columns: columns) else {
      throw fault(
        labelFile,
        "every label is a row of \(columns) numbers, a 1 and otherwise 0 (one-hot), expected the number "
          + "of its class: write the place of the 1 instead, as numpy.argmax(labels, axis=1) gives it"
      )
    }
    self.images = images
    self.labelFile = labelFile
    labels = try labelFile.labels(columns: columns)
  }

  /// The part as samples.
  ///
  /// - Parameter scale: what features are divided by; nil: what suits their type.
  /// - Throws: `InputError` of kind `.badData` when a feature is not finite.
  func dataset(classCount: Int, scale: Double?) throws -> Dataset {
    Dataset(
      count: count, featureCount: featureCount, features: try features(scale: scale),
      targets: .classes(labels, classCount: classCount))
  }

  private func features(scale: Double?) throws -> Dataset.Features {
    let scale = scale ?? images.type.defaultScale
    switch (images.elements, images.type, scale) {
    // What `Dataset` takes such bytes for.
    case (.read(let bytes), .unsignedByte, 255): return .bytes(bytes)
    case (.mapped(let file, let offset), .unsignedByte, 255):
      return .mapped(
        try MappedRows(file, .uint8, width: featureCount, offset: offset, count: count))
    case (.mapped(let file, let offset), .float32, 1):
      return .mapped(
        try MappedRows(
          file, .float32, width: featureCount, offset: offset, count: count, isBigEndian: true,
          requiresFinite: true))
    // Others are converted, which takes memory.
    case (.read, _, _), (.mapped, _, _): break
    }
    try MachineMemory.check(images.count * MemoryLayout<Float>.size, for: images.name)
    let features = try images.map { Float($0 / scale) }
    if let index = features.firstIndex(where: { !$0.isFinite }) {
      let (sample, feature) = index.quotientAndRemainder(dividingBy: featureCount)
      let value = try images.map(from: index, by: images.count) { $0 }[0]
      throw InputError(
        .badData,
        "\(images.name): feature \(feature) of sample \(sample) is \(value)"
          + (scale == 1 ? "" : ", divided by \(scale)")
          + ", expected a number that is finite in 32 bits: correct the data (samples and "
          + "features are numbered from 0)")
    }
    return .floats(features)
  }
}

extension IDXFile {
  /// Whether every row of `columns` numbers is a 1 and otherwise 0.
  fileprivate func isOneHot(columns: Int) throws -> Bool {
    let values = try map { $0 }
    return stride(from: 0, to: values.count, by: columns).allSatisfy { start in
      let row = values[start..<start + columns]
      return row.allSatisfy { $0 == 0 || $0 == 1 } && row.reduce(0, +) == 1
    }
  }

  /// The first of `columns` columns as labels.
  fileprivate func labels(columns: Int) throws -> [Int32] {
    let values = try map(by: columns) { $0 }
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
