import Datasets
import Hypertower

/// A network with the weights of a file.
struct LoadedNetwork {
  let description: NetworkDescription
  let file: SafetensorsFile
  /// What messages call the file.
  let source: String
  let trainer: Trainer

  /// - Parameter source: what messages call the file.
  /// - Throws: `InputError` if these are not the network's weights, `Failure`, or what the device reports.
  init(
    _ description: NetworkDescription, _ file: SafetensorsFile, source: String, on device: Device
  ) throws {
    self.description = description
    self.file = file
    self.source = source
    trainer = try description.network().evaluator(on: device)
    try trainer.setWeights(file, source: source, warn: Console.warn)
  }

  /// Reads a file that says which network its weights belong to, or has those of a dense one, w1, b1, w2, b2, ….
  ///
  /// - Throws: `InputError`, `Failure`, or what the device reports.
  init(_ path: String, on device: Device) throws {
    let file = try SafetensorsFile(model: path)
    let description =
      try NetworkDescription(file, source: path) ?? Self.dense(file, source: path)
    try self.init(description, file, source: path, on: device)
  }

  /// The dense network of weights w1, b1, w2, b2, ….
  ///
  /// - Throws: `InputError(.badData)` if a file has none.
  static func dense(_ file: SafetensorsFile, source: String) throws -> NetworkDescription {
    var number = 1
    while file["w\(number + 1)"] != nil { number += 1 }
    guard let first = file["w1"], let last = file["w\(number)"],
      first.shape.count == 2, last.shape.count == 2
    else {
      throw InputError(
        .badData,
        "\(source): does not say which network its weights belong to, and has no tensors w1, b1, w2, b2, … "
          + "of a dense one: give a file that `hypertower train --save` wrote")
    }
    return try NetworkDescription(
      denseIn: file, image: [first.shape[1]], classes: last.shape[0], source: source)
  }
}

extension NetworkDescription {
  /// The dense network of images whose weights a file has.
  ///
  /// - Throws: `InputError` if it has none of one for such images and classes.
  init(denseIn file: SafetensorsFile, image: [Int], classes: Int, source: String) throws {
    let widths = try DenseNetwork.widths(
      in: file, inputs: image.reduce(1, *), outputs: classes, source: source)
    self.init(
      choice: ModelChoice(.dense, [.hidden: Array(widths.dropFirst().dropLast())]),
      input: .images(shape: image, classes: classes))
  }
}
