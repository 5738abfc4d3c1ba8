import Datasets
import Hypertower

extension Trainer {
  /// Starts from the weights at `path`, as `load` reads them.
  ///
  /// - Throws: `InputError`; where only the widths differ, it says how to get a network of these.
  func start(from path: String, _ images: LabelledImages) throws {
    let file = try SafetensorsFile(model: path)
    do {
      try setWeights(file, source: path, warn: Console.warn)
    } catch let error as InputError where error.kind == .badData {
      let widths = try? DenseNetwork.widths(
        in: file, inputs: images.featureCount, outputs: images.classCount, source: path)
      let own = try weights().entries.filter { $0.shape.count == 2 }.map { $0.shape[0] }
      guard let hidden = widths?.dropFirst().dropLast(), !hidden.isEmpty,
        Array(hidden) != Array(own.dropLast())
      else { throw error }
      throw InputError(
        .badData,
        "\(error.message); for a network of the file's widths give --hidden "
          + IntegerList(Array(hidden)).description)
    }
  }
}
