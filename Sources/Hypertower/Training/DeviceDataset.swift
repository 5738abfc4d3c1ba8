/// A data set as a device sees it: a copy in its memory, or a ring of batches that the host sends ahead.
package final class DeviceDataset {
  package let dataset: Dataset
  /// Whether products do better to look for zeros of the features.
  package let isSparse: Bool
  /// The features, the targets, and then the further columns.
  let fields: [SampleRows]
  /// A copy of each field; nil where they do not fit.
  let resident: [Place]?
  private let backend: any Backend
  private var streams: [StreamKey: BatchStream] = [:]

  /// Rows one after another in an array, from a place on.
  struct Place {
    let array: any DeviceArray
    var offset = 0
  }

  private struct StreamKey: Hashable {
    let fields: [Int]
    let stride: Int
  }

  /// - Parameter limit: the greatest number of bytes of a field that is copied.
  package init(_ dataset: Dataset, on backend: any Backend, limit: Int) throws {
    self.dataset = dataset
    self.backend = backend
    isSparse = dataset.isSparse
    fields = [dataset.featureRows, dataset.targetRows] + dataset.columns.map(\.rows)
    guard Self.fits(dataset, on: backend, limit: limit) else {
      resident = nil
      return
    }
    var places: [Place] = []
    for (number, rows) in fields.enumerated() {
      // The targets of windows of tokens are the same tokens.
      let isKnown = number == 1 && dataset.hasNextTokens
      let array = try isKnown ? places[0].array : rows.array(on: backend)
      places.append(Place(array: array, offset: rows.start))
    }
    resident = places
  }

  /// Whether features, targets and columns are copied: each has at most `limit` bytes, and all together take at most
  /// half of the memory.
  static func fits(_ dataset: Dataset, on backend: any Backend, limit: Int) -> Bool {
    let fields =
      [dataset.featureRows] + (dataset.hasNextTokens ? [] : [dataset.targetRows])
      + dataset.columns.map(\.rows)
    let sizes = fields.map { $0.elementCount * backend.size(of: $0.type) }
    // Kernels count elements in int32.
    return fields.allSatisfy { $0.elementCount <= Int(Int32.max) }
      && sizes.allSatisfy { $0 <= limit }
      && sizes.reduce(0, +) <= Swift.max(limit, backend.memorySize / 2)
  }

  /// What sends batches of some fields, where the data set is not on the device.
  func stream(_ fields: [Int], stride: Int) throws -> BatchStream {
    let key = StreamKey(fields: fields, stride: stride)
    if let known = streams[key] { return known }
    let stream = try BatchStream(fields.map { self.fields[$0] }, stride: stride, on: backend)
    streams[key] = stream
    return stream
  }

  // MARK: What fits

  /// Stops the program if a model of that output shape cannot tell all classes apart.
  func requireClasses(fit outputShape: Shape) {
    switch dataset.targets {
    case .classes(_, let classCount), .mappedClasses(_, let classCount):
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
    case .values, .mappedValues: break
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

  /// The shapes of the further columns without the axis of samples; stops the program if one is declared with another.
  func columnShapes(declared: [String: Shape]) -> [(String, Shape)] {
    dataset.columns.map { column in
      let other = declared[column.name] ?? column.shape
      require(
        other == column.shape,
        "column '\(column.name)' of the data has shape \(column.shape), the trainer declares \(other)"
      )
      return (column.name, column.shape)
    }
  }

  /// The shape of the targets of `batch` samples.
  package func targetShape(batch: Int) -> Shape {
    switch dataset.targets {
    case .classes, .mappedClasses: [batch]
    case .values, .mappedValues: [batch, dataset.targetCount]
    case .nextTokens: [batch, dataset.featureCount]
    }
  }
}
