/// A data set's copy in device memory.
package final class DeviceDataset {
  package let dataset: Dataset
  package let features: any DeviceArray
  package let targets: any DeviceArray

  package init(_ dataset: Dataset, on backend: any Backend) throws {
    self.dataset = dataset
    switch dataset.features {
    case .bytes(let bytes):
      features = try backend.allocate(.byte, count: bytes.count)
      try backend.write(.bytes(bytes), to: features, at: 0)
    case .floats(let floats):
      features = try backend.allocate(.real, count: floats.count)
      try backend.write(.float32(floats), to: features, at: 0)
    }
    switch dataset.targets {
    case .classes(let labels, _):
      targets = try backend.allocate(.int32, count: labels.count)
      try backend.write(.int32(labels), to: targets, at: 0)
    case .values(let values, _):
      targets = try backend.allocate(.real, count: values.count)
      try backend.write(.float32(values), to: targets, at: 0)
    }
  }

  /// The shape of the targets of `batch` samples.
  package func targetShape(batch: Int) -> Shape {
    switch dataset.targets {
    case .classes: [batch]
    case .values(_, let width): [batch, width]
    }
  }
}
