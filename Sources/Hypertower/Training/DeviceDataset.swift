/// A data set as a device sees it: a copy in its memory, or batches that the host sends along.
package final class DeviceDataset {
  package let dataset: Dataset
  /// Whether products do better to look for zeros of the features.
  package let isSparse: Bool
  /// The copy of features and targets; nil where it does not fit.
  package let resident: (features: Column, targets: Column)?

  /// Rows of one after another in an array, from a place on.
  package struct Column {
    package let array: any DeviceArray
    package var offset = 0
  }

  /// - Parameter limit: the greatest number of bytes of features that are copied.
  package init(_ dataset: Dataset, on backend: any Backend, limit: Int) throws {
    self.dataset = dataset
    isSparse = dataset.isSparse
    let elementSize =
      switch dataset.features {
      case .bytes: 1
      case .floats: backend.realSize
      case .windows: MemoryLayout<Int32>.size
      }
    guard dataset.count * dataset.featureCount * elementSize <= limit else {
      resident = nil
      return
    }
    let features: any DeviceArray
    switch dataset.features {
    case .bytes(let bytes):
      features = try backend.allocate(.byte, count: bytes.count)
      try backend.write(.bytes(bytes), to: features, at: 0)
    case .floats(let floats):
      features = try backend.allocate(.real, count: floats.count)
      try backend.write(.float32(floats), to: features, at: 0)
    case .windows(let windows):
      let tokens = try backend.allocate(.int32, count: windows.tokens.count)
      try backend.write(.int32(windows.tokens), to: tokens, at: 0)
      // Windows one after another are the rows of a matrix, and so are their targets.
      resident = (
        Column(array: tokens, offset: windows.start),
        Column(array: tokens, offset: windows.start + 1)
      )
      return
    }
    let targets: any DeviceArray
    switch dataset.targets {
    case .classes(let labels, _):
      targets = try backend.allocate(.int32, count: labels.count)
      try backend.write(.int32(labels), to: targets, at: 0)
    case .values(let values, _):
      targets = try backend.allocate(.real, count: values.count)
      try backend.write(.float32(values), to: targets, at: 0)
    case .nextTokens: fatalError("DeviceDataset: only windows of tokens have next tokens")
    }
    resident = (Column(array: features), Column(array: targets))
  }

  /// Stops the program if a model of that output shape cannot tell all classes apart.
  func requireClasses(fit outputShape: Shape) {
    switch dataset.targets {
    case .classes(_, let classCount):
      require(
        outputShape.count == 2 && outputShape[1] >= classCount,
        "the model's outputs, \(outputShape), are too few for the \(classCount) classes of the data"
      )
    case .nextTokens(let vocabularySize):
      require(
        outputShape.count == 3 && outputShape[1] == dataset.featureCount
          && outputShape[2] >= vocabularySize,
        "the model's outputs, \(outputShape), do not fit windows of \(dataset.featureCount) of "
          + "\(vocabularySize) tokens: they must be [batch, time, vocabulary]")
    case .values: break
    }
  }

  /// The shape of a batch of inputs for a model that takes samples of `sampleShape`; stops the program if the
  /// features are not as many.
  package func inputShape(batch: Int, _ sampleShape: Shape) -> Shape {
    require(
      sampleShape.elementCount == dataset.featureCount,
      "the data has \(dataset.featureCount) features a sample, the model takes \(sampleShape)")
    return [batch] + sampleShape
  }

  /// The shape of the targets of `batch` samples.
  package func targetShape(batch: Int) -> Shape {
    switch dataset.targets {
    case .classes: [batch]
    case .values(_, let width): [batch, width]
    case .nextTokens: [batch, dataset.featureCount]
    }
  }
}
