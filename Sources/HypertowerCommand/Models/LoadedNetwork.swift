import Datasets
import Hypertower

/// A network with the weights of a file.
struct LoadedNetwork {
  let description: NetworkDescription
  let file: SafetensorsFile
  let trainer: Trainer

  /// Reads a file that says which network its weights belong to, or has those of a dense one, w1, b1, w2, b2, ….
  ///
  /// - Throws: `InputError`, `Failure`, or what the device reports.
  init(_ path: String, on device: Device) throws {
    file = try SafetensorsFile(model: path)
    description = try NetworkDescription(file, source: path) ?? Self.dense(file, source: path)
    let network = try description.network()
    trainer = try network.evaluator(on: device)
    try trainer.setWeights(file, source: path, warn: Console.warn)
  }

  private static func dense(_ file: SafetensorsFile, source: String) throws -> NetworkDescription {
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
    let widths = try DenseNetwork.widths(
      in: file, inputs: first.shape[1], outputs: last.shape[0], source: source)
    return NetworkDescription(
      choice: ModelChoice(.dense, [.hidden: Array(widths.dropFirst().dropLast())]),
      input: .images(shape: [widths[0]], classes: widths[widths.count - 1]))
  }
}
