/// A data set as a device sees it: a copy in its memory, or batches that the host sends along.
package final class DeviceDataset {
  package let dataset: Dataset
  /// Whether products do better to look for zeros of the features.
  package let isSparse: Bool
  /// The copy of features and targets; nil where it does not fit.
  package let resident: (features: any DeviceArray, targets: any DeviceArray)?

  /// - Parameter limit: the greatest number of bytes of features that are copied.
  package init(_ dataset: Dataset, on backend: any Backend, limit: Int) throws {
    self.dataset = dataset
    isSparse = dataset.isSparse
    let elementSize =
      switch dataset.features {
      case .bytes: 1
      case .floats: backend.realSize
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
    }
    let targets: any DeviceArray
    switch dataset.targets {
    case .classes(let labels, _):
      targets = try backend.allocate(.int32, count: labels.count)
      try backend.write(.int32(labels), to: targets, at: 0)
    case .values(let values, _):
      targets = try backend.allocate(.real, count: values.count)
      try backend.write(.float32(values), to: targets, at: 0)
    }
    resident = (features, targets)
  }

  /// Stops the program if a model of that output shape cannot tell all classes apart.
  func requireClasses(fit outputShape: Shape) {
    guard case .classes(_, let classCount) = dataset.targets else { return }
    require(
      outputShape.count == 2 && outputShape[1] >= classCount,
      "the model's outputs, \(outputShape), are too few for the \(classCount) classes of the data")
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
    }
  }
}
