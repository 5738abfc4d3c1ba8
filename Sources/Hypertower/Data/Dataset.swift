/// Samples held in host memory: one row of features and one target each.
public struct Dataset: Sendable {
  /// The features of all samples, sample after sample.
  public enum Features: Sendable {
    /// Bytes that stand for `byte / 255`, as image files store pixels.
    case bytes([UInt8])
    case floats([Float])
    /// Windows of a sequence of tokens, as many tokens each as a sample has features.
    case windows(TokenWindows)
  }

  /// What a model should predict for each sample.
  public enum Targets: Sendable {
    /// One class index in `0..<classCount` a sample.
    case classes([Int32], classCount: Int)
    /// A row of `width` values a sample.
    case values([Float], width: Int)
    /// For each token of a window the one that follows it in the sequence.
    case nextTokens(vocabularySize: Int)
  }

  /// The number of samples.
  public let count: Int
  /// The number of features of one sample.
  public let featureCount: Int
  /// What a model is given.
  public let features: Features
  /// What a model should predict.
  public let targets: Targets
  /// By this, whoever keeps a copy on a device knows a data set again.
  package let identity = Identity()

  /// Whether the targets are classes.
  package var hasClasses: Bool {
    switch targets {
    case .classes, .nextTokens: true
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
      case .windows(let windows): windows.count * windows.length
      }
    if case .windows = features {
      guard case .nextTokens = targets else {
        fatalError("Dataset: the targets of windows of tokens are the next tokens")
      }
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
    case .nextTokens(let vocabularySize):
      guard case .windows(let windows) = features else {
        fatalError("Dataset: only windows of tokens have next tokens")
      }
      require(
        windows.length == featureCount
          && windows.tokens.allSatisfy { $0 >= 0 && Int($0) < vocabularySize },
        "Dataset: windows of \(windows.length) tokens for \(featureCount) features, or a token outside "
          + "0..<\(vocabularySize)")
    }
    self.count = count
    self.featureCount = featureCount
    self.features = features
    self.targets = targets
  }
}

extension Dataset {
  /// The side of the blocks of samples and features that `isSparse` looks at, about twice the height of
  /// the tiles that look for zeros.
  private static let blockSide = 6
  /// The most blocks of samples that `isSparse` looks at.
  private static let mostBlocks = 170

  /// Whether so many elements are zeros, side by side, that products do better to look for them.
  ///
  /// A layer leaves out a feature that is zero in all of some neighbouring samples, and its gradient a
  /// sample in which some neighbouring features are all zeros. Looking for them and lower tiles take a
  /// part of that time again: on average of both, a quarter must be left out, of six neighbours each, in
  /// up to 170 blocks of samples at equal distances.
  package var isSparse: Bool {
    switch features {
    case .bytes(let bytes): isSparse(bytes)
    case .floats(let floats): isSparse(floats)
    case .windows: false
    }
  }

  private func isSparse<Element: Numeric>(_ values: [Element]) -> Bool {
    let side = Self.blockSide
    guard count > 0, featureCount >= side else { return false }
    let height = Swift.min(side, count)
    let blocks = count / height
    let runs = featureCount / side
    var (examinedBlocks, zeroRuns, zeroFeatures) = (0, 0, 0)
    values.withUnsafeBufferPointer { values in
      let step = (blocks + Self.mostBlocks - 1) / Self.mostBlocks
      for block in stride(from: 0, to: blocks, by: step) {
        examinedBlocks += 1
        let starts = (0..<height).map { (block * height + $0) * featureCount }
        for start in starts {
          for run in 0..<runs {
            let first = start + run * side
            if values[first..<first + side].allSatisfy({ $0 == 0 }) { zeroRuns += 1 }
          }
        }
        for feature in 0..<featureCount where starts.allSatisfy({ values[$0 + feature] == 0 }) {
          zeroFeatures += 1
        }
      }
    }
    let ofRuns = Double(zeroRuns) / Double(examinedBlocks * height * runs)
    let ofFeatures = Double(zeroFeatures) / Double(examinedBlocks * featureCount)
    return (ofRuns + ofFeatures) / 2 >= 0.25
  }
}
