import Datasets
import Hypertower

extension NetworkDescription {
  /// Checks that this network is made for such data.
  ///
  /// - Throws: `InputError(.badData)`.
  func check(fits data: SplitDataset, source: String) throws {
    guard let (shape, outputs) = samples else { return }
    func withoutSingleChannel(_ shape: [Int]) -> [Int] {
      shape.count == 3 && shape[0] == 1 ? Array(shape.dropFirst()) : shape
    }
    guard withoutSingleChannel(shape) == withoutSingleChannel(data.sampleShape) else {
      throw InputError(
        .badData,
        "\(source): the network takes images of \(shape), those of the data are \(data.sampleShape): "
          + "give data of that size by --data")
    }
    guard outputs == TrainingData.outputs(of: data.encoding) else {
      throw InputError(
        .badData,
        "\(source): the network \(Self.purpose(outputs)), the data has "
          + (data.encoding.classCount.map { "\($0)" }
            ?? "\(data.encoding.values.count) values to predict")
          + ": give data as it was trained on")
    }
  }

  private static func purpose(_ outputs: Outputs) -> String {
    switch outputs {
    case .classes(let count): "tells \(count) classes apart"
    case .values(let count): "predicts \(count) \(count == 1 ? "value" : "values")"
    }
  }
}
