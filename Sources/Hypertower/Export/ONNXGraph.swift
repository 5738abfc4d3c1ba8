/// A graph of ONNX, or the part of one that a loop repeats.
///
/// Definitions: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto,
/// https://onnx.ai/onnx/operators
struct ONNXGraph {
  enum ElementType: Int {
    case float = 1
    case int64 = 7
    case bool = 9
  }

  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case string(String)
    case graph(ONNXGraph)
  }

  struct Node {
    let operation: String
    let inputs: [String]
    let outputs: [String]
    var attributes: [(name: String, value: Attribute)] = []
  }

  /// An input or an output.
  struct Value {
    let name: String
    let type: ElementType
    let shape: [BatchExtent]
  }

  /// An array of numbers.
  struct Initializer {
    let name: String
    let type: ElementType
    let shape: [Int]
    /// The elements, little-endian, row after row.
    let bytes: [UInt8]
  }

  let name: String
  var nodes: [Node]
  var initializers: [Initializer] = []
  var inputs: [Value]
  var outputs: [Value]
}

extension ONNXGraph {
  /// The graph as a file has it.
  var message: ProtobufMessage {
    var message = ProtobufMessage()
    for node in nodes { message.add(1, message: node.message) }
    message.add(2, string: name)
    for initializer in initializers { message.add(5, message: initializer.message) }
    for input in inputs { message.add(11, message: input.message) }
    for output in outputs { message.add(12, message: output.message) }
    return message
  }
}

extension ONNXGraph.Node {
  fileprivate var message: ProtobufMessage {
    var message = ProtobufMessage()
    for input in inputs { message.add(1, string: input) }
    for output in outputs { message.add(2, string: output) }
    message.add(3, string: outputs[0])
    message.add(4, string: operation)
    for (name, value) in attributes {
      var attribute = ProtobufMessage()
      attribute.add(1, string: name)
      switch value {
      case .integer(let value):
        attribute.add(3, integer: value)
        attribute.add(20, integer: 2)
      case .integers(let values):
        for value in values { attribute.add(8, integer: value) }
        attribute.add(20, integer: 7)
      case .string(let value):
        attribute.add(4, string: value)
        attribute.add(20, integer: 3)
      case .graph(let graph):
        attribute.add(6, message: graph.message)
        attribute.add(20, integer: 5)
      }
      message.add(5, message: attribute)
    }
    return message
  }
}

extension ONNXGraph.Value {
  /// The name of the axis of samples.
  static let batch = "batch"

  fileprivate var message: ProtobufMessage {
    var dimensions = ProtobufMessage()
    for extent in shape {
      var dimension = ProtobufMessage()
      switch extent {
      case .fixed(let count): dimension.add(1, integer: count)
      case .batches(1): dimension.add(2, string: Self.batch)
      // Of no known extent.
      case .batches: break
      }
      dimensions.add(1, message: dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, integer: type.rawValue)
    tensor.add(2, message: dimensions)
    var kind = ProtobufMessage()
    kind.add(1, message: tensor)
    var message = ProtobufMessage()
    message.add(1, string: name)
    message.add(2, message: kind)
    return message
  }
}

extension ONNXGraph.Initializer {
  fileprivate var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, integers: shape)
    message.add(2, integer: type.rawValue)
    message.add(8, string: name)
    message.add(9, bytes: bytes)
    return message
  }
}
