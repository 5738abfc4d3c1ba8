import Hypertower

extension LabelledImages {
  /// How the files of a data set are to be understood.
  public struct Options: Sendable {
    /// The number of classes, from 2 to 2²⁴: labels must be less. nil: one more than the greatest
    /// label of the training data, at least 2.
    public let classCount: Int?
    /// What features of any type are divided by, finite and greater than 0. nil: 255 for bytes, 1
    /// for all other types.
    public let scale: Double?
    /// The share of the training samples that is held back for validation, between 0 and 1. nil:
    /// none.
    ///
    /// Which samples these are depends only on the share and the number of samples, not on a seed.
    public let validationShare: Double?

    /// The possible numbers of classes.
    package static let classCounts = 2...(1 << 24)

    /// Stops the program if a value is out of range.
    public init(
      classCount: Int? = nil, scale: Double? = nil, validationShare: Double? = nil
    ) {
      require(
        classCount.map(Self.classCounts.contains) ?? true,
        "LabelledImages.Options: \(classCount ?? 0) classes")
      require(
        scale.map(Self.isScale) ?? true, "LabelledImages.Options: scale \(scale ?? 0)")
      require(
        validationShare.map(Self.isShare) ?? true,
        "LabelledImages.Options: validation share \(validationShare ?? 0)")
      self.classCount = classCount
      self.scale = scale
      self.validationShare = validationShare
    }

    /// Whether features can be divided by `value`.
    package static func isScale(_ value: Double) -> Bool { value.isFinite && value > 0 }
    /// Whether `value` is a share that leaves something on both sides.
    package static func isShare(_ value: Double) -> Bool { value > 0 && value < 1 }
  }
}
