public import Hypertower

/// A data set of images, each of one of several classes, to train on and to test with.
public struct LabelledImages: Sendable {
  /// The samples to train on, without those that are held back for validation.
  public let train: Dataset
  /// Training samples that are held back to measure a model while it is trained; nil: none are.
  public let validation: Dataset?
  /// The samples to test with; nil: the data set has none.
  public let test: Dataset?

  /// The number of classes, at least 2.
  public let classCount: Int
  /// The number of values of one image.
  public var featureCount: Int { train.featureCount }
  /// The sizes of an image as the files state them: `[height, width]`, `[channels, height, width]`, or others.
  public let imageShape: [Int]

  /// What a user should know about how the files were understood, a sentence each.
  public let notes: [String]

  /// The data set from its two parts.
  ///
  /// - Parameters:
  ///   - notes: what to tell the user besides what turns up here.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` when the parts do not fit together, a label is out of
  ///   range or a feature is not finite; `.usage` when the validation share leaves one part empty.
  init(
    train: ImagePart, validation: ImagePart? = nil, test: ImagePart?, _ options: Options,
    notes: [String] = [], in budget: MemoryBudget = MemoryBudget()
  ) throws {
    let others = [validation, test].compactMap { $0 }
    if let other = others.first(where: { $0.imageShape != train.imageShape }) {
      throw InputError(
        .badData,
        "\(other.images.name): images of \(other.imageSize), expected \(train.imageSize) as in "
          + "\(train.images.name): give files of one data set")
    }
    let classes = try ClassCount(
      train: train, others: others, given: options.classCount, least: options.leastClassCount)
    classCount = classes.count
    imageShape = Array(train.imageShape)
    try options.split.check(
      hasValidation: validation != nil, hasTest: test != nil, train.images.name)
    var diskNotes: [String?] = []
    func dataset(_ part: ImagePart) throws -> Dataset {
      let data = try part.dataset(classCount: classes.count, scale: options.scale, in: budget)
      diskNotes.append(data.diskNote(part.images.name))
      return data
    }
    let parts = try dataset(train).parts(options.split)
    self.train = parts.train
    self.validation = try parts.validation ?? validation.map(dataset)
    self.test = try parts.test ?? test.map(dataset)
    self.notes =
      notes + (diskNotes + [Self.columnsNote([train] + others), classes.note]).compactMap { $0 }
  }

  /// What to tell the user when labels have several columns.
  private static func columnsNote(_ parts: [ImagePart]) -> String? {
    let files = parts.filter { $0.labelColumns > 1 }
      .map { "\($0.labelFile.name) has \($0.labelColumns) columns" }
    guard !files.isEmpty else { return nil }
    return "\(files.joined(separator: ", ")): the first is taken as the label"
  }
}
