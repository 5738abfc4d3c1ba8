/// Nodes of ONNX that compute what a tape does.
///
/// A value keeps extent 1 along axes that the tape stretches, since most operations of ONNX stretch their operands
/// themselves; it is expanded where one does not.
struct TapeTranslation {
  /// What a node of the tape has become.
  struct Value {
    let name: String
    /// The tape's extents, or 1 along an axis that is to be stretched.
    var shape: [BatchExtent]
    var type = ONNXGraph.ElementType.float
  }

  let tape: BatchTape
  let names: ONNXNames
  private(set) var nodes: [ONNXGraph.Node] = []
  private var values: [Int: Value] = [:]
  /// Numbers for those values that are something else.
  private var numbers: [Int: Value] = [:]
  /// What each node is computed as; nil for one that nothing needs.
  private(set) var forms: [Form?]

  /// Translates a tape.
  ///
  /// - Parameters:
  ///   - tape: the tape.
  ///   - results: nodes of it that are asked for.
  ///   - names: what the parts of the model share.
  ///   - leaf: the value that a leaf's number stands for.
  /// - Throws: `InputError` naming an operation that has no counterpart.
  init(
    _ tape: BatchTape, results: [Int], names: ONNXNames, leaf: (Int) throws -> Value
  ) throws {
    (self.tape, self.names) = (tape, names)
    forms = Self.forms(of: tape, results: results)
    for (index, form) in forms.enumerated() {
      guard let form, values[index] == nil else { continue }
      if case .leaf(let number) = tape.nodes[index].operation {
        values[index] = try leaf(number)
      } else {
        values[index] = try value(of: tape.nodes[index], at: index, as: form)
      }
    }
  }

  // MARK: Values

  /// What a node has become.
  func value(_ index: Int) -> Value { values[index]! }

  /// Sets what a node has become that another one computes as well.
  mutating func set(_ index: Int, to value: Value) { values[index] = value }

  /// The same, as numbers.
  mutating func number(_ index: Int) -> Value {
    let value = values[index]!
    guard value.type != .float else { return value }
    if let known = numbers[index] { return known }
    let result = cast(value, to: .float)
    numbers[index] = result
    return result
  }

  /// Numbers in the tape's shape.
  mutating func whole(_ index: Int) -> Value {
    expanded(number(index), to: tape.nodes[index].shape)
  }

  mutating func cast(_ value: Value, to type: ONNXGraph.ElementType) -> Value {
    guard value.type != type else { return value }
    let name = add("Cast", [value.name], [("to", .integer(type.rawValue))])
    return Value(name: name, shape: value.shape, type: type)
  }

  mutating func expanded(_ value: Value, to shape: [BatchExtent]) -> Value {
    guard value.shape != shape else { return value }
    let name = add("Expand", [value.name, names.shape(shape)])
    return Value(name: name, shape: shape, type: value.type)
  }

  mutating func reshaped(_ value: Value, to shape: [BatchExtent]) -> Value {
    guard value.shape != shape else { return value }
    // One extent may be left to the reader, unless others are 0.
    let isEmpty = shape.contains(.fixed(0))
    let target =
      !isEmpty && shape.count(where: { $0.fixed == nil }) == 1
      ? names.integers(shape.map { $0.fixed ?? -1 }) : names.shape(shape)
    let name = add(
      "Reshape", [value.name, target], isEmpty ? [("allowzero", .integer(1))] : [])
    return Value(name: name, shape: shape, type: value.type)
  }

  mutating func transposed(_ value: Value, _ permutation: [Int]) -> Value {
    guard permutation != Array(permutation.indices) else { return value }
    let name = add("Transpose", [value.name], [("perm", .integers(permutation))])
    return Value(name: name, shape: permutation.map { value.shape[$0] }, type: value.type)
  }

  /// The shape that elements of several values are paired in.
  static func stretched(_ values: [Value]) -> [BatchExtent] {
    values[0].shape.indices.map { axis in
      values.map { $0.shape[axis] }.first { $0 != .fixed(1) } ?? .fixed(1)
    }
  }

  // MARK: Nodes

  /// Adds a node of one output, and returns that one's name.
  mutating func add(
    _ operation: String, _ inputs: [String],
    _ attributes: [(name: String, value: ONNXGraph.Attribute)] = []
  ) -> String {
    add(operation, inputs, attributes, count: 1)[0]
  }

  /// Adds a node, and returns the names of its outputs.
  mutating func add(
    _ operation: String, _ inputs: [String],
    _ attributes: [(name: String, value: ONNXGraph.Attribute)], count: Int
  ) -> [String] {
    let outputs = (0..<count).map { _ in names.newName(operation) }
    nodes.append(
      .init(operation: operation, inputs: inputs, outputs: outputs, attributes: attributes))
    return outputs
  }

  /// Gives a value another name.
  mutating func add(_ value: Value, as name: String) {
    nodes.append(.init(operation: "Identity", inputs: [value.name], outputs: [name]))
  }

  /// What is said of an operation that has no counterpart.
  static func unsupported(_ operation: String, _ reason: String) -> InputError {
    InputError(.usage, "ONNX has no counterpart to the model's \(operation): \(reason)")
  }
}
