import Datasets
import Hypertower

/// A network in the format of ONNX, for opset 17 and version 8 of the format.
///
/// Definitions: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto,
/// https://onnx.ai/onnx/operators
struct ONNXModel {
  private var graph = ProtobufMessage()
  private var initializers: [ProtobufMessage] = []
  private var count = 0

  private static let opset = 17
  private static let formatVersion = 8

  /// The name of the only input.
  private static let input = "input"

  /// The first bytes of a file, by which it is known to be this program's.
  static var beginning: [UInt8] {
    var message = ProtobufMessage()
    message.add(1, integer: formatVersion)
    message.add(2, string: "hypertower")
    return message.bytes
  }

  /// The file of a network.
  ///
  /// - Parameters:
  ///   - network: the network.
  ///   - metadata: properties of the model, by their names; default: none.
  static func bytes(of network: InferenceNetwork, metadata: [String: String] = [:]) -> [UInt8] {
    var properties = metadata
    if case .tokens(_, let vocabulary) = network.input {
      properties["vocabulary"] = vocabulary.text
    }
    var model = ONNXModel()
    let last = model.add(network.layers, to: input)
    let output = network.predictsValues ? "values" : "log_probabilities"
    model.node("Identity", [last], output: output)
    var graph = model.graph
    graph.add(2, string: "hypertower")
    for initializer in model.initializers { graph.add(5, message: initializer) }
    let isOfTokens = if case .tokens = network.input { true } else { false }
    graph.add(
      11, message: value(input, isOfTokens ? .int64 : .float, network.inputShape))
    graph.add(12, message: value(output, .float, network.outputShape))
    var file = ProtobufMessage()
    file.add(3, string: Version.text)
    file.add(7, message: graph)
    var operators = ProtobufMessage()
    operators.add(2, integer: opset)
    file.add(8, message: operators)
    for (name, text) in properties.sorted(by: { $0.key < $1.key }) {
      var property = ProtobufMessage()
      property.add(1, string: name)
      property.add(2, string: text)
      file.add(14, message: property)
    }
    return beginning + file.bytes
  }

  private enum ElementType: Int {
    case float = 1
    case int64 = 7
  }

  /// An input or an output, whose first axis is of any extent.
  private static func value(_ name: String, _ type: ElementType, _ shape: [Int]) -> ProtobufMessage
  {
    var dimensions = ProtobufMessage()
    var batch = ProtobufMessage()
    batch.add(2, string: "batch")
    dimensions.add(1, message: batch)
    for extent in shape {
      var dimension = ProtobufMessage()
      dimension.add(1, integer: extent)
      dimensions.add(1, message: dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, integer: type.rawValue)
    tensor.add(2, message: dimensions)
    var kind = ProtobufMessage()
    kind.add(1, message: tensor)
    var value = ProtobufMessage()
    value.add(1, string: name)
    value.add(2, message: kind)
    return value
  }

  // MARK: Parts of the graph

  /// A name that nothing else has.
  private mutating func newName(_ beginning: String) -> String {
    defer { count += 1 }
    return "\(beginning)_\(count)"
  }

  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
  }

  /// Adds a node, and returns the name of its output.
  @discardableResult
  mutating func node(
    _ operation: String, _ inputs: [String], _ attributes: [(String, Attribute)] = [],
    output: String? = nil
  ) -> String {
    let output = output ?? newName(operation)
    var node = ProtobufMessage()
    for input in inputs { node.add(1, string: input) }
    node.add(2, string: output)
    node.add(3, string: output)
    node.add(4, string: operation)
    for (name, value) in attributes {
      var attribute = ProtobufMessage()
      attribute.add(1, string: name)
      switch value {
      case .float(let value):
        attribute.add(2, float: value)
        attribute.add(20, integer: 1)
      case .integer(let value):
        attribute.add(3, integer: value)
        attribute.add(20, integer: 2)
      case .integers(let values):
        for value in values { attribute.add(8, integer: value) }
        attribute.add(20, integer: 7)
      }
      node.add(5, message: attribute)
    }
    graph.add(1, message: node)
    return output
  }

  /// Adds an array of weights, and returns its name.
  mutating func weights(_ elements: [Float], _ shape: [Int]) -> String {
    initializer(.float, shape, elements.littleEndianBytes)
  }

  /// Adds whole numbers, `[count]`, and returns their name.
  mutating func integers(_ values: [Int]) -> String {
    initializer(
      .int64, [values.count],
      values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
  }

  private mutating func initializer(
    _ type: ElementType, _ shape: [Int], _ bytes: [UInt8]
  ) -> String {
    let name = newName("weights")
    var tensor = ProtobufMessage()
    tensor.add(1, integers: shape)
    tensor.add(2, integer: type.rawValue)
    tensor.add(8, string: name)
    tensor.add(9, bytes: bytes)
    initializers.append(tensor)
    return name
  }
}
