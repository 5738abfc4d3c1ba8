/// Samples: for each a row of features, a target, and further columns if need be.
///
/// They are held in host memory, or lie in files that are mapped into it.
public struct Dataset: Sendable {
  /// The features of all samples, sample after sample.
  public enum Features: Sendable {
    /// Bytes that stand for `byte / 255`, as image files store pixels.
    case bytes([UInt8])
    /// As they are.
    case floats([Float])
    /// Windows of a sequence of tokens, as many tokens each as a sample has features.
    case windows(TokenWindows)
    /// A row of a file for each sample; bytes stand for `byte / 255`.
    case mapped(MappedRows)
  }

  /// What a model should predict for each sample.
  public enum Targets: Sendable {
    /// One class index in `0..<classCount` a sample.
    case classes([Int32], classCount: Int)
    /// A row of `width` values a sample.
    case values([Float], width: Int)
    /// For each token of a window the one that follows it in the sequence.
    case nextTokens(vocabularySize: Int)
    /// One class index in `0..<classCount` a sample, in a file of whole numbers; each is checked as it is read.
    case mappedClasses(MappedRows, classCount: Int)
    /// A row of a file for each sample; bytes stand for `byte / 255`.
    case mappedValues(MappedRows)
  }

  /// The number of samples.
  public let count: Int
  /// The number of features of one sample.
  public let featureCount: Int
  /// What a model is given.
  public let features: Features
  /// What a model should predict.
  public let targets: Targets
  /// Further numbers of each sample, which models and losses read by their names.
  public let columns: [Column]
  /// By this, whoever keeps a copy on a device knows a data set again.
  package let identity = Identity()

  package final class Identity: Sendable {}

  /// Samples from features and targets of matching sizes.
  ///
  /// - Parameters:
  ///   - count: the number of samples.
  ///   - featureCount: the number of features of one sample.
  ///   - features: what a model is given, sample after sample.
  ///   - targets: what a model should predict for each.
  ///   - columns: further numbers of each sample, of different names; default: none.
  /// - Precondition: `features` hold `count · featureCount` values, `targets` `count` rows, columns `count` samples,
  ///   and every class index in memory lies in `0..<classCount`. Readers of files check before they get here.
  public init(
    count: Int, featureCount: Int, features: Features, targets: Targets, columns: [Column] = []
  ) {
    self.count = count
    self.featureCount = featureCount
    self.features = features
    self.targets = targets
    self.columns = columns
    requireFittingFeatures()
    requireFittingTargets()
    requireFittingColumns()
  }

  private func requireFittingFeatures() {
    switch features {
    case .windows(let windows):
      guard case .nextTokens = targets else {
        fatalError("Dataset: the targets of windows of tokens are the next tokens")
      }
      require(
        windows.length == featureCount && windows.count == count,
        "Dataset: \(windows.count) windows of \(windows.length) tokens for \(count) samples of \(featureCount) "
          + "features")
    case .bytes, .floats, .mapped:
      if case .mapped(let rows) = features {
        require(
          rows.width == featureCount,
          "Dataset: mapped rows of \(rows.width) for samples of \(featureCount) features")
      }
      let values = featureRows.elementCount
      require(
        values == count * featureCount,
        "Dataset: \(values) feature values for \(count) samples of \(featureCount) features")
    }
  }

  private func requireFittingTargets() {
    switch targets {
    case .classes(let labels, let classCount):
      require(labels.count == count, "Dataset: \(labels.count) labels for \(count) samples")
      require(
        labels.allSatisfy { $0 >= 0 && Int($0) < classCount },
        "Dataset: a label lies outside 0..<\(classCount)")
    case .mappedClasses(let mapped, _):
      require(
        mapped.count == count && mapped.width == 1 && mapped.type != .float32,
        "Dataset: \(mapped.count) rows of \(mapped.width) \(mapped.type) as labels for \(count) samples"
      )
    case .values, .mappedValues:
      let values = targetRows
      require(
        values.elementCount == count * values.width,
        "Dataset: \(values.elementCount) target values for \(count) samples of width \(values.width)"
      )
    case .nextTokens(let vocabularySize):
      guard case .windows(let windows) = features else {
        fatalError("Dataset: only windows of tokens have next tokens")
      }
      guard case .int32(let tokens) = windows.storage else { return }
      require(
        tokens.allSatisfy { $0 >= 0 && Int($0) < vocabularySize },
        "Dataset: a token lies outside 0..<\(vocabularySize)")
    }
  }

  private func requireFittingColumns() {
    for (number, column) in columns.enumerated() {
      require(
        !columns[..<number].contains { $0.name == column.name },
        "Dataset: two columns are called '\(column.name)'")
      let rows = column.rows
      if case .mapped(let mapped) = column.values {
        require(
          mapped.width == rows.width,
          "Dataset: column '\(column.name)' of shape \(column.shape) has mapped rows of \(mapped.width)"
        )
      }
      require(
        rows.elementCount == count * rows.width,
        "Dataset: column '\(column.name)' has \(rows.elementCount) values for \(count) samples of shape "
          + "\(column.shape)")
    }
  }
}
