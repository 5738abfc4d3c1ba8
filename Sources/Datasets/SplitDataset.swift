public import Hypertower

/// Samples from files, in the parts that a model is trained on and measured with.
public struct SplitDataset: Sendable {
  /// The samples to train on, without those that are held back.
  public let train: Dataset
  /// What a model is measured on while it is trained; nil: nothing.
  public let validation: Dataset?
  /// What a model is tested on in the end; nil: nothing.
  public let test: Dataset?
  /// The shape of a sample, such as `[28, 28]`.
  public let sampleShape: [Int]
  /// How the files became samples.
  public let encoding: SampleEncoding
  /// What a user should know about how the files were understood, a sentence each.
  public let notes: [String]

  package init(
    train: Dataset, validation: Dataset? = nil, test: Dataset? = nil, sampleShape: [Int],
    encoding: SampleEncoding, notes: [String] = []
  ) {
    self.train = train
    self.validation = validation
    self.test = test
    self.sampleShape = sampleShape
    self.encoding = encoding
    self.notes = notes
  }

  /// A data set of images.
  public init(_ images: LabelledImages) {
    self.init(
      train: images.train, validation: images.validation, test: images.test,
      sampleShape: images.imageShape, encoding: SampleEncoding(classCount: images.classCount),
      notes: images.notes)
  }
}
