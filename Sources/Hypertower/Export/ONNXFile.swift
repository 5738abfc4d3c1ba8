/// A model with its weights in the format of ONNX, for opset 17 and version 8 of the format.
///
/// It is written down from what the model computes in evaluation, so any `Module` can be exported:
///
/// ```swift
/// let file = try ONNXFile(model, weights: trainer.weights(), sampleShape: [784])
/// try file.write(to: "model.onnx")
/// ```
///
/// The file has one input, `[batch] + sampleShape`, and one output, `[batch, …]`, for batches of any size. Parameters and
/// states keep their names.
public struct ONNXFile {
  /// The type of the input's elements.
  public enum InputType: Sendable {
    /// Numbers in float32.
    case numbers
    /// Whole numbers in int64, such as those of tokens. Of a table, a reader takes negative ones for rows counted from the
    /// end, and refuses those that name no row, where a model here has NaN.
    case tokens
  }

  /// The bytes of the file.
  public let bytes: [UInt8]

  private static let opset = 17
  private static let formatVersion = 8

  /// The first bytes of a file, by which it is known to be this program's.
  package static var beginning: [UInt8] {
    var message = ProtobufMessage()
    message.add(1, integer: formatVersion)
    message.add(2, string: "hypertower")
    return message.bytes
  }

  /// Writes a model down.
  ///
  /// - Parameters:
  ///   - model: it is evaluated for batches of different sizes, which may change extents but no operations.
  ///   - weights: its parameters and states under their names, as `Trainer.weights()` returns them; others are left out.
  ///   - sampleShape: the shape of an input without the axis of samples.
  ///   - inputType: the type of the input's elements; default: numbers.
  ///   - inputName: what the file calls the input; default: `input`.
  ///   - outputName: what it calls the output; default: `output`.
  ///   - metadata: notes that the file holds beside the model; default: none.
  /// - Throws: `InputError` of kind `.badData` if `weights` lack a parameter or state, or have it in another shape; of
  ///   kind `.usage`, with the operation's name, where the model has one that ONNX lacks or that is another for another
  ///   number of samples, and where the file would have more than 2 GiB.
  /// - Precondition: the model needs no further columns, which a file has no input for.
  public init(
    _ model: some Module, weights: SafetensorsFile, sampleShape: Shape,
    inputType: InputType = .numbers, inputName: String = "input", outputName: String = "output",
    metadata: [String: String] = [:]
  ) throws {
    try self.init(
      model, weights: weights, sampleShape: sampleShape, inputType: inputType,
      inputName: inputName, outputName: outputName, metadata: metadata, producerVersion: nil)
  }

  /// - Parameter producerVersion: the version of the program that writes it.
  package init(
    _ model: some Module, weights: SafetensorsFile, sampleShape: Shape, inputType: InputType,
    inputName: String, outputName: String, metadata: [String: String], producerVersion: String?
  ) throws {
    let graph = try ModelGraph(model, weights: weights, sampleShape: sampleShape).graph(
      inputType: inputType, inputName: inputName, outputName: outputName)
    var file = ProtobufMessage()
    if let producerVersion { file.add(3, string: producerVersion) }
    file.add(7, message: graph.message)
    var operators = ProtobufMessage()
    operators.add(2, integer: Self.opset)
    file.add(8, message: operators)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      var property = ProtobufMessage()
      property.add(1, string: key)
      property.add(2, string: value)
      file.add(14, message: property)
    }
    bytes = Self.beginning + file.bytes
    guard bytes.count <= Int32.max else {
      throw InputError(
        .usage,
        "ONNX: the model has \(bytes.count) bytes, and a file holds \(Int32.max): make it smaller")
    }
  }

  /// Writes the file at `path`, which holds the old contents or the new at every moment.
  ///
  /// - Throws: `InputError` of kind `.cannotWrite`.
  public func write(to path: String) throws { try AtomicFile.write(bytes, to: path) }
}
