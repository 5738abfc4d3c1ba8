/// Evaluates a scalar graph over arrays, one operation over a whole chunk at a time.
///
/// Every node has a register of `capacity` elements; an operation is one loop from registers to a
/// register, so that what it costs to find out which operation it is, is paid once a chunk.
struct ChunkEvaluator<Element: HostReal>: ~Copyable {
  private let graph: ScalarGraph
  private let order: [Int]
  private let capacity: Int
  private let registers: UnsafeMutablePointer<Element>

  /// - Parameter outputs: the nodes whose values will be read.
  init(_ graph: ScalarGraph, outputs: [Int], capacity: Int) {
    self.graph = graph
    let needed = graph.needed(by: outputs)
    order = graph.nodes.indices.filter { needed[$0] }
    self.capacity = capacity
    registers = .allocate(capacity: max(1, graph.nodes.count * capacity))
    registers.initialize(repeating: 0, count: max(1, graph.nodes.count * capacity))
    for index in order {
      if let value = graph.constant(index) {
        (registers + index * capacity).update(repeating: Element(value), count: capacity)
      }
    }
  }

  deinit { registers.deallocate() }

  /// The values of node `index`, valid until the next evaluation.
  func values(_ index: Int) -> UnsafeMutablePointer<Element> { registers + index * capacity }

  /// Evaluates the first `count` elements of every needed node.
  ///
  /// - Parameter load: fills a register with the values of the input of that number.
  func evaluate(count: Int, load: (Int, UnsafeMutablePointer<Element>) -> Void) {
    for index in order {
      evaluate(index, count: count, load: load)
    }
  }

  /// Evaluates some of the needed nodes, in their order; the others keep their values.
  func evaluate(
    _ indices: [Int], count: Int, load: (Int, UnsafeMutablePointer<Element>) -> Void
  ) {
    for index in indices {
      evaluate(index, count: count, load: load)
    }
  }

  private func evaluate(
    _ index: Int, count: Int, load: (Int, UnsafeMutablePointer<Element>) -> Void
  ) {
    let result = values(index)
    switch graph.nodes[index] {
    case .constant:
      break
    case .input(let number):
      load(number, result)
    case .unary(let operation, let x):
      apply(operation, values(x), result, count)
    case .binary(let operation, let x, let y):
      apply(operation, values(x), values(y), result, count)
    case .select(let condition, let x, let y):
      let (condition, x, y) = (values(condition), values(x), values(y))
      for i in 0..<count { result[i] = condition[i] != 0 ? x[i] : y[i] }
    }
  }

  private func apply(
    _ operation: UnaryOperation, _ x: UnsafeMutablePointer<Element>,
    _ result: UnsafeMutablePointer<Element>, _ count: Int
  ) {
    switch operation {
    case .negate: for i in 0..<count { result[i] = -x[i] }
    case .squareRoot: for i in 0..<count { result[i] = x[i].squareRoot() }
    case .exponential, .logarithm, .tanh, .sigmoid, .relu, .sine, .cosine, .errorFunction, .floor:
      for i in 0..<count { result[i] = operation.evaluate(x[i]) }
    }
  }

  private func apply(
    _ operation: BinaryOperation, _ x: UnsafeMutablePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, _ result: UnsafeMutablePointer<Element>, _ count: Int
  ) {
    switch operation {
    case .add: for i in 0..<count { result[i] = x[i] + y[i] }
    case .subtract: for i in 0..<count { result[i] = x[i] - y[i] }
    case .multiply: for i in 0..<count { result[i] = x[i] * y[i] }
    case .divide: for i in 0..<count { result[i] = x[i] / y[i] }
    case .power, .less, .equal:
      for i in 0..<count { result[i] = operation.evaluate(x[i], y[i]) }
    }
  }
}
