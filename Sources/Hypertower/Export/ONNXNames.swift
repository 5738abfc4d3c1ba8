/// What the parts of an ONNX model share: its names, its arrays of numbers, and what they begin with.
final class ONNXNames {
  private(set) var initializers: [ONNXGraph.Initializer] = []
  /// Nodes before all others, which compute what any part may use.
  private(set) var beginning: [ONNXGraph.Node] = []
  private var taken: Set<String> = []
  private var count = 0
  private var constants: [Constant: String] = [:]
  private var transposed: [String: String] = [:]
  private var multiples: [Int: String] = [:]
  private var shapes: [[BatchExtent]: String] = [:]
  /// The name of the model's input, `[batch, …]`.
  let input: String

  private struct Constant: Hashable {
    let type: ONNXGraph.ElementType
    let shape: [Int]
    let bytes: [UInt8]
  }

  /// - Parameters:
  ///   - input: the name of the input.
  ///   - output: that of the output.
  init(input: String, output: String) {
    self.input = input
    taken = [input, output]
  }

  /// A name that nothing else has.
  func newName(_ beginning: String) -> String {
    defer { count += 1 }
    return unique("\(beginning)_\(count)")
  }

  /// `name`, or where something else has it, one that begins with it.
  private func unique(_ name: String) -> String {
    var name = name
    while !taken.insert(name).inserted { name += "_" }
    return name
  }

  // MARK: Numbers

  /// Adds an array that has a name, and returns the name in the model.
  func parameter(_ name: String, _ elements: [Float], _ shape: Shape) -> String {
    let name = unique(name)
    initializers.append(
      .init(name: name, type: .float, shape: shape, bytes: elements.littleEndianBytes))
    return name
  }

  /// An array of numbers that the model is made with.
  func numbers(_ elements: [Float], _ shape: Shape) -> String {
    constant(.float, shape, elements.littleEndianBytes)
  }

  /// Whole numbers, `[count]`.
  func integers(_ values: [Int]) -> String { integers(values, [values.count]) }

  /// An array of whole numbers.
  func integers(_ values: [Int], _ shape: Shape) -> String {
    constant(
      .int64, shape,
      values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
  }

  private func constant(
    _ type: ONNXGraph.ElementType, _ shape: Shape, _ bytes: [UInt8]
  ) -> String {
    let constant = Constant(type: type, shape: shape, bytes: bytes)
    if let known = constants[constant] { return known }
    let name = newName("constant")
    initializers.append(.init(name: name, type: type, shape: shape, bytes: bytes))
    constants[constant] = name
    return name
  }

  /// The array of that name with its last two axes swapped, if it is an array of numbers.
  func transposed(_ name: String) -> String? {
    guard let own = initializers.first(where: { $0.name == name }) else { return nil }
    if let known = transposed[name] { return known }
    let rank = own.shape.count
    let result = add(
      "Transpose", [name],
      [("perm", .integers(Array(0..<rank - 2) + [rank - 1, rank - 2]))])
    transposed[name] = result
    return result
  }

  // MARK: Shapes

  /// An extent, `[1]`.
  func extent(_ extent: BatchExtent) -> String {
    switch extent {
    case .fixed(let count): return integers([count])
    case .batches(let multiple):
      if let known = multiples[multiple] { return known }
      let name =
        multiple == 1
        ? add("Shape", [input], [("start", .integer(0)), ("end", .integer(1))])
        : add("Mul", [self.extent(.batches(1)), integers([multiple])])
      multiples[multiple] = name
      return name
    }
  }

  /// A shape, `[rank]`.
  func shape(_ shape: [BatchExtent]) -> String {
    let fixed = shape.compactMap(\.fixed)
    if fixed.count == shape.count { return integers(fixed) }
    if shape.count == 1 { return extent(shape[0]) }
    if let known = shapes[shape] { return known }
    let name = add("Concat", shape.map(extent), [("axis", .integer(0))])
    shapes[shape] = name
    return name
  }

  private func add(
    _ operation: String, _ inputs: [String],
    _ attributes: [(name: String, value: ONNXGraph.Attribute)] = []
  ) -> String {
    let output = newName(operation)
    beginning.append(
      .init(operation: operation, inputs: inputs, outputs: [output], attributes: attributes))
    return output
  }
}
