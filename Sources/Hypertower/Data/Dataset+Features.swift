extension Dataset {
  /// The features of some samples as a model is given them, one sample after another.
  ///
  /// Stops the program if they lie in a file that was cut short meanwhile.
  ///
  /// - Parameter samples: numbers of samples, in `0..<count`.
  public func features(of samples: Range<Int>) -> [Float] {
    floats(featureRows, of: samples, "features")
  }

  /// The numbers of a further column of some samples as a model is given them, one sample after another.
  ///
  /// Stops the program if there is no such column, or it lies in a file that was cut short meanwhile.
  ///
  /// - Parameters:
  ///   - name: the column's name.
  ///   - samples: numbers of samples, in `0..<count`.
  public func column(_ name: String, of samples: Range<Int>) -> [Float] {
    guard let own = columns.first(where: { $0.name == name }) else {
      fatalError(Columns.missing(name, among: columns.map(\.name)))
    }
    return floats(own.rows, of: samples, "column")
  }

  private func floats(_ rows: SampleRows, of samples: Range<Int>, _ caller: String) -> [Float] {
    require(
      samples.lowerBound >= 0 && samples.upperBound <= count,
      "\(caller): \(samples) do not lie in 0..<\(count)")
    do {
      return try rows.floats(of: samples)
    } catch {
      fatalError("\(caller): \(error)")
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
      targets: .values(features(of: 0..<count), width: featureCount), columns: columns)
  }
}
