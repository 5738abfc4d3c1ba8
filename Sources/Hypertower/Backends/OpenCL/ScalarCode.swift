/// The text of scalar graphs in OpenCL C.
enum ScalarCode {
  /// A number as a float32 literal.
  static func literal(_ value: Double) -> String {
    let value = Float(value)
    if value.isNaN { return "NAN" }
    if value.isInfinite { return value < 0 ? "(-INFINITY)" : "INFINITY" }
    return value < 0 ? "(\(value)f)" : "\(value)f"
  }

  /// A statement that stores the `count` elements of `value` that lie within lanes of `extent`
  /// elements.
  static func store(_ value: String, _ address: String, extent: Int) -> String {
    extent % 16 == 0
      ? "STORE_WHOLE(\(value), \(address));" : "store(\(value), \(address), count);"
  }

  /// What a node computes.
  ///
  /// - Parameters:
  ///   - type: `vec` or `real`, that of the result.
  ///   - operand: the text of another node's value, of that type.
  ///   - input: the text of an input's value, of that type.
  ///   - tanh: the function's name; default: the one made for tensors.
  static func expression(
    _ node: ScalarGraph.Node, type: String, tanh: String? = nil, operand: (Int) -> String,
    input: (Int) -> String
  ) -> String {
    switch node {
    case .constant(let value):
      return "(\(type))(\(literal(value)))"
    case .input(let number):
      return input(number)
    case .unary(let operation, let x):
      let x = operand(x)
      return switch operation {
      case .negate: "-\(x)"
      case .exponential: "exp_\(type)(\(x))"
      case .logarithm: "log(\(x))"
      case .tanh: "\(tanh ?? "tanh_\(type)")(\(x))"
      case .squareRoot: "sqrt(\(x))"
      case .sigmoid: "1.0f / (1.0f + exp_\(type)(-\(x)))"
      // As a comparison, so that NaN passes through.
      case .relu: "CHOOSE(\(type), \(x) < 0.0f, 0.0f, \(x))"
      case .sine: "sin(\(x))"
      case .cosine: "cos(\(x))"
      case .errorFunction: "erf_\(type)(\(x))"
      case .floor: "floor(\(x))"
      }
    case .binary(let operation, let x, let y):
      let (x, y) = (operand(x), operand(y))
      return switch operation {
      case .add: "\(x) + \(y)"
      case .subtract: "\(x) - \(y)"
      case .multiply: "\(x) * \(y)"
      case .divide: "\(x) / \(y)"
      case .power: "pow(\(x), \(y))"
      case .less: "CHOOSE(\(type), \(x) < \(y), 1.0f, 0.0f)"
      case .equal: "CHOOSE(\(type), \(x) == \(y), 1.0f, 0.0f)"
      }
    case .select(let condition, let x, let y):
      return "CHOOSE(\(type), \(operand(condition)) != 0.0f, \(operand(x)), \(operand(y)))"
    }
  }

  /// Statements that define a constant `prefix + number` for each node that `outputs` need.
  static func statements(
    _ graph: ScalarGraph, outputs: [Int], type: String, prefix: String, indent: String,
    tanh: String? = nil, input: (Int) -> String
  ) -> String {
    let needed = graph.needed(by: outputs)
    return graph.nodes.indices.filter { needed[$0] }.map { index in
      let text = expression(
        graph.nodes[index], type: type, tanh: tanh, operand: { "\(prefix)\($0)" },
        input: input)
      return "\(indent)const \(type) \(prefix)\(index) = \(text);\n"
    }.joined()
  }
}
