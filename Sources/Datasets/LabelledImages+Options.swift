import Hypertower

extension LabelledImages {
  /// How the files of a data set are to be understood.
  public struct Options: Sendable {
    /// The number of classes, from 2 to 2²⁴: labels must be less. nil: one more than the greatest
    /// label of the training data, at least 2.
    public let classCount: Int?
    /// The number of classes that there are even if greater labels are missing, as in data for a trained network;
    /// nil: none is known.
    package var leastClassCount: Int?
    /// What features of any type are divided by, finite and greater than 0. nil: 255 for bytes, 1
    /// for all other types.
    public let scale: Double?
    /// The shares of the training samples that are held back.
    public let split: Split

    /// The possible numbers of classes.
    package static let classCounts = 2...(1 << 24)

    /// Stops the program if a value is out of range.
    public init(
      classCount: Int? = nil, scale: Double? = nil, split: Split = Split()
    ) {
      require(
        classCount.map(Self.classCounts.contains) ?? true,
        "LabelledImages.Options: \(classCount ?? 0) classes")
      require(
        scale.map(Self.isScale) ?? true, "LabelledImages.Options: scale \(scale ?? 0)")
      self.classCount = classCount
      self.scale = scale
      self.split = split
    }

    /// Whether features can be divided by `value`.
    package static func isScale(_ value: Double) -> Bool { value.isFinite && value > 0 }
  }
}
