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
  /// up to 170 blocks of samples at equal distances. A file that cannot be read has none: whoever reads the
  /// samples reports it.
  package var isSparse: Bool {
    if case .windows = features { return false }
    let (rows, side) = (featureRows, Self.blockSide)
    guard count > 0, featureCount >= side else { return false }
    let height = Swift.min(side, count)
    let blocks = count / height
    let runs = featureCount / side
    var (examinedBlocks, zeroRuns, zeroFeatures) = (0, 0, 0)
    let step = (blocks + Self.mostBlocks - 1) / Self.mostBlocks
    for block in stride(from: 0, to: blocks, by: step) {
      guard let values = try? rows.floats(of: block * height..<(block + 1) * height) else {
        return false
      }
      examinedBlocks += 1
      values.withUnsafeBufferPointer { values in
        let starts = (0..<height).map { $0 * featureCount }
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
