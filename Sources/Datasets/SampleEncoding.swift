/// How files become samples, and what outputs of a network mean: what is kept with the weights, so that other files are
/// understood as those of the training were.
public struct SampleEncoding: Codable, Equatable, Sendable {
  /// The number of classes; nil: values are predicted.
  public var classCount: Int?
  /// The names of the classes, in order; nil: they are called by their numbers.
  public var classNames: [String]?
  /// What became of each target value; empty: classes are predicted.
  public var values: [Standardization]
  /// How the rows of a table become features; nil: the samples are of no table.
  public var table: TableEncoding?
  /// Which shape images from files get; nil: the samples are of no such files.
  public var images: ImageEncoding?

  /// Samples of so many classes.
  package init(classCount: Int, classNames: [String]? = nil, table: TableEncoding? = nil) {
    self.classCount = classCount
    self.classNames = classNames
    self.table = table
    values = []
  }

  /// Samples with values to predict.
  package init(values: [Standardization], table: TableEncoding? = nil) {
    self.values = values
    self.table = table
  }

  /// The number of outputs that a network for these samples has.
  public var outputCount: Int { classCount ?? values.count }

  /// Whether a file of weights can say this.
  package var isValid: Bool {
    let hasOutputs =
      classCount.map { LabelledImages.Options.classCounts.contains($0) && values.isEmpty }
      ?? (!values.isEmpty && values.allSatisfy(\.isValid))
    return hasOutputs && (classNames.map { $0.count == classCount } ?? true)
      && (table?.isValid ?? true) && (images?.isValid ?? true)
  }

  /// What a class is called: its name, or else its number.
  ///
  /// - Parameter index: the number of the class, from 0.
  public func className(_ index: Int) -> String { classNames?[index] ?? "\(index)" }
}
