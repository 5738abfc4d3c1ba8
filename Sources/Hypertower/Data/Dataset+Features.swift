extension Dataset {
  /// The features of some samples as a model is given them, one sample after another.
  ///
  /// - Parameter samples: numbers of samples, in `0..<count`.
  public func features(of samples: Range<Int>) -> [Float] {
    require(
      samples.lowerBound >= 0 && samples.upperBound <= count,
      "features: \(samples) do not lie in 0..<\(count)")
    let elements = samples.lowerBound * featureCount..<samples.upperBound * featureCount
    switch features {
    case .bytes(let bytes): return bytes[elements].map { Float($0) / 255 }
    case .floats(let floats): return Array(floats[elements])
    case .windows(let windows): return samples.flatMap { windows.window($0).map(Float.init) }
    }
  }

  /// The same samples with their own features as targets, as an autoencoder learns them.
  ///
  /// Targets are 4 bytes an element, on the host and on a device: of large data sets take a subset first.
  ///
  /// - Precondition: the samples are no windows of tokens.
  public func withFeaturesAsTargets() -> Dataset {
    if case .windows = features {
      fatalError("withFeaturesAsTargets: the targets of windows of tokens are the next tokens")
    }
    return Dataset(
      count: count, featureCount: featureCount, features: features,
      targets: .values(features(of: 0..<count), width: featureCount))
  }
}
