import Hypertower

/// The images of one part of a data set, to train on or to test with, and their labels.
struct ImagePart {
  /// `[count] + imageShape`.
  let images: any NumberFile
  /// `[count]`, or `[count, columns]`.
  let labelFile: any NumberFile
  /// The label of each image: the first column of the file, each in 0..<2²⁴.
  let labels: [Int32]

  var count: Int { images.shape[0] }
  var imageShape: ArraySlice<Int> { images.shape.dropFirst() }
  /// The number of values of one image.
  var featureCount: Int { images.elementCount / count }
  /// The size of an image, as in `28 × 28 (784 values)`.
  var imageSize: String {
    "\(imageShape.map { "\($0)" }.joined(separator: " × ")) (\(featureCount) values)"
  }
  var labelColumns: Int { labelFile.elementCount / count }

  /// Puts images and labels together.
  ///
  /// - Throws: `InputError` of kind `.badData` unless every image has a label.
  init(images: any NumberFile, labels labelFile: any NumberFile) throws {
    func fault(_ file: any NumberFile, _ message: String) -> InputError {
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
    guard images.elementCount > 0 else {
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
    guard labelFile.elementCount > 0 else {
      throw fault(
        labelFile,
        "no labels (the dimensions are \(labelFile.shape)), expected one for each image: give files "
          + "that hold labels")
    }
    let columns = labelFile.elementCount / images.shape[0]
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
  /// - Parameters:
  ///   - scale: what features are divided by; nil: what suits their type.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` when a feature is not finite, `.cannotWrite` when there is no room for a
  ///   temporary file.
  func dataset(classCount: Int, scale: Double?, in budget: MemoryBudget) throws -> Dataset {
    Dataset(
      count: count, featureCount: featureCount,
      features: try images.features(scale: scale, in: budget),
      targets: .classes(labels, classCount: classCount))
  }
}
