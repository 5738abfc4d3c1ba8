public import Hypertower

/// A data set of images, each of one of several classes, to train on and to test with.
public struct LabelledImages: Sendable {
  public let train: Dataset
  public let test: Dataset

  /// The number of classes: one more than the greatest label of both parts, at least 2.
  public let classCount: Int
  /// The number of pixel values of one image.
  public var featureCount: Int { train.featureCount }

  /// The data set from its four files, each of which `read` returns.
  ///
  /// - Throws: What `read` throws, and `InputError` of kind `.badData` when the files do not fit
  ///   together or a label is out of range.
  init(reading read: (DatasetFile) throws -> IDXFile) throws {
    let train = Files(images: try read(.trainImages), labels: try read(.trainLabels))
    let test = Files(images: try read(.testImages), labels: try read(.testLabels))
    let trainFeatures = try train.checkedFeatureCount()
    let testFeatures = try test.checkedFeatureCount()
    guard train.images.shape.dropFirst() == test.images.shape.dropFirst() else {
      throw InputError(
        .badData,
        "\(test.images.name): images of \(sizes(test.images)) "
          + "(\(testFeatures) values), expected \(sizes(train.images)) (\(trainFeatures) values) "
          + "as in \(train.images.name): give files of one data set")
    }
    let classCount = try train.checkedClassCount()
    try test.checkLabels(below: classCount, as: train)
    self.classCount = classCount
    self.train = train.dataset(featureCount: trainFeatures, classCount: classCount)
    self.test = test.dataset(featureCount: testFeatures, classCount: classCount)
  }

  /// The images of one part and their labels.
  fileprivate struct Files {
    let images: IDXFile
    let labels: IDXFile
  }
}

extension LabelledImages.Files {
  /// The number of values of one image, once it is sure that every image has its label.
  fileprivate func checkedFeatureCount() throws -> Int {
    let imageCount = images.shape[0]
    guard images.shape.count >= 2 else {
      throw InputError(
        .badData,
        "\(images.name): 1 dimension, expected at least 2 (the number of images and "
          + "their sizes): are images and labels swapped?")
    }
    guard labels.shape.count == 1 else {
      throw InputError(
        .badData,
        "\(labels.name): \(labels.shape.count) dimensions, expected 1 (the number of "
          + "labels): are images and labels swapped?")
    }
    guard !images.elements.isEmpty else {
      throw InputError(
        .badData,
        "\(images.name): no pixels (the dimensions are \(images.shape)), "
          + "expected at least one image: give files that hold images")
    }
    guard labels.shape[0] == imageCount else {
      throw InputError(
        .badData,
        "\(labels.name): \(labels.shape[0]) labels, expected \(imageCount), one for "
          + "each image of \(images.name): give files of one data set")
    }
    return images.elements.count / imageCount
  }

  /// The number of classes: the greatest label plus 1, at least 2.
  ///
  /// - Throws: `InputError` if most of the classes below the greatest label do not occur: such a
  ///   label is more likely damage than a class.
  fileprivate func checkedClassCount() throws -> Int {
    let greatest = labels.elements.max() ?? 0
    let distinct = Set(labels.elements).count
    guard Int(greatest) <= 2 * distinct else {
      throw outOfRange(greatest, "only \(distinct) different labels occur")
    }
    return max(2, Int(greatest) + 1)
  }

  fileprivate func checkLabels(below classCount: Int, as training: Self) throws {
    guard let label = labels.elements.first(where: { $0 >= classCount }) else { return }
    throw outOfRange(label, "those of \(training.labels.name) lie in 0...\(classCount - 1)")
  }

  private func outOfRange(_ label: UInt8, _ reason: String) -> InputError {
    let place = labels.elements.firstIndex(of: label) ?? 0
    return InputError(
      .badData,
      "\(labels.name): label \(place) is \(label), which is out of range: \(reason); classes are "
        + "numbered from 0")
  }

  fileprivate func dataset(featureCount: Int, classCount: Int) -> Dataset {
    Dataset(
      count: images.shape[0], featureCount: featureCount,
      features: .bytes(images.elements),
      targets: .classes(labels.elements.map { Int32($0) }, classCount: classCount))
  }
}

/// The size of an image of `file` as in `28 × 28`.
private func sizes(_ file: IDXFile) -> String {
  file.shape.dropFirst().map { "\($0)" }.joined(separator: " × ")
}
