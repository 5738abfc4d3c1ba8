/// Samples held in host memory: one row of features and one target each.
public struct Dataset: Sendable {
  /// The features of all samples, sample after sample.
  public enum Features: Sendable {
    /// Bytes that stand for `byte / 255`, as image files store pixels.
    case bytes([UInt8])
    case floats([Float])
  }

  /// What a model shall predict for each sample.
  public enum Targets: Sendable {
    /// One class index in `0..<classCount` a sample.
    case classes([Int32], classCount: Int)
    /// A row of `width` values a sample.
    case values([Float], width: Int)
  }

  /// The number of samples.
  public let count: Int
  /// The number of features of one sample.
  public let featureCount: Int
  /// What a model is given.
  public let features: Features
  /// What a model shall predict.
  public let targets: Targets
  /// By this, whoever keeps a copy on a device knows a data set again.
  package let identity = Identity()

  /// Whether the targets are classes.
  package var hasClasses: Bool {
    switch targets {
    case .classes: true
    case .values: false
    }
  }

  package final class Identity: Sendable {}

  /// Samples from features and targets of matching sizes.
  ///
  /// - Precondition: `features` hold `count · featureCount` values, `targets` `count` rows, and
  ///   every class index lies in `0..<classCount`. Readers of files check before they get here.
  public init(count: Int, featureCount: Int, features: Features, targets: Targets) {
    let featureValues =
      switch features {
      case .bytes(let bytes): bytes.count
      case .floats(let floats): floats.count
      }
    require(
      featureValues == count * featureCount,
      "Dataset: \(featureValues) feature values for \(count) samples of \(featureCount) features")
    switch targets {
    case .classes(let labels, let classCount):
      require(labels.count == count, "Dataset: \(labels.count) labels for \(count) samples")
      require(
        labels.allSatisfy { $0 >= 0 && Int($0) < classCount },
        "Dataset: a label lies outside 0..<\(classCount)")
    case .values(let values, let width):
      require(
        values.count == count * width,
        "Dataset: \(values.count) target values for \(count) samples of width \(width)")
    }
    self.count = count
    self.featureCount = featureCount
    self.features = features
    self.targets = targets
  }
}

extension Dataset {
  /// The number of neighbouring features that `isSparse` takes together.
  private static let runLength = 6
  /// The most samples that `isSparse` looks at.
  private static let mostExamined = 1024

  /// Whether of all runs of six neighbouring features at least a quarter are zeros, in up to 1,024
  /// samples at equal distances.
  package var isSparse: Bool {
    switch features {
    case .bytes(let bytes): isSparse(bytes)
    case .floats(let floats): isSparse(floats)
    }
  }

  private func isSparse<Element: Numeric>(_ values: [Element]) -> Bool {
    let runs = featureCount / Self.runLength
    let step = Swift.max(1, count / Self.mostExamined)
    var (examined, zeros) = (0, 0)
    values.withUnsafeBufferPointer { values in
      for sample in stride(from: 0, to: count, by: step) {
        for run in 0..<runs {
          let start = sample * featureCount + run * Self.runLength
          examined += 1
          if values[start..<start + Self.runLength].allSatisfy({ $0 == 0 }) { zeros += 1 }
        }
      }
    }
    return examined > 0 && zeros * 4 >= examined
  }
}
