import Datasets
import Hypertower

/// The widths of a dense network, as they follow from the shapes of its weights.
struct NetworkWidths {
  /// The number of inputs, of each hidden layer's outputs, and of outputs.
  let values: [Int]
  private let name: String

  /// - Throws: `InputError(.badData)` if `file` does not hold the weights of dense layers.
  init(_ file: SafetensorsFile, name: String) throws {
    self.name = name
    var widths: [Int] = []
    while let weight = file["w\(max(1, widths.count))"] {
      guard weight.shape.count == 2, weight.shape.allSatisfy({ $0 > 0 }) else {
        throw InputError(
          .badData, "\(name): tensor '\(weight.name)' has shape \(weight.shape), expected [out, in]"
        )
      }
      if let width = widths.last, width != weight.shape[1] {
        throw InputError(
          .badData,
          "\(name): tensor '\(weight.name)' has shape \(weight.shape), the layer below has \(width) "
            + "outputs")
      }
      if widths.isEmpty { widths.append(weight.shape[1]) }
      widths.append(weight.shape[0])
    }
    guard !widths.isEmpty else {
      throw InputError(
        .badData,
        "\(name): tensor 'w1' is missing; the file has "
          + file.entries.map(\.name).joined(separator: ", "))
    }
    values = widths
  }

  /// Checks that the network takes these images and tells their classes apart.
  func check(_ images: LabelledImages) throws {
    guard values[0] == images.featureCount else {
      throw InputError(
        .badData,
        "\(name): tensor 'w1' takes \(values[0]) inputs, an image has \(images.featureCount) pixels"
      )
    }
    guard values[values.count - 1] >= images.classCount else {
      throw InputError(
        .badData,
        "\(name): the network tells \(values[values.count - 1]) classes apart, the data has "
          + "\(images.classCount)")
    }
  }
}
