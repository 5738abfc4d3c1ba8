/// Writes the members of one launch down as a scalar graph, whose inputs are loads, coordinates
/// and results of reductions.
struct Emitter {
  let tape: Tape
  let schedule: Schedule
  let spans: [Tape.Index: Span]
  /// The number of the launch's group.
  let group: Int
  /// The number of axes of the launch's index space.
  let rank: Int
  private(set) var graph = ScalarGraph()
  private(set) var inputs: [LoopNest.Input] = []
  /// The number of the first input that is not preset.
  var inputCount = 0
  private var emitted: [Key: Int] = [:]
  private var inputNumbers: [LoopNest.Input: Int] = [:]

  private struct Key: Hashable {
    let node: Tape.Index
    let map: AxisMap
  }

  init(
    tape: Tape, schedule: Schedule, spans: [Tape.Index: Span], group: Int, rank: Int
  ) {
    self.tape = tape
    self.schedule = schedule
    self.spans = spans
    self.group = group
    self.rank = rank
  }

  /// Makes a tape node stand for the graph's input of number `input`.
  mutating func preset(_ node: Tape.Index, _ map: AxisMap, input: Int) {
    emitted[Key(node: node, map: map)] = graph.append(.input(input))
  }

  /// Makes a tape node stand for the result of a reduction, and returns its graph node.
  @discardableResult
  mutating func preset(_ node: Tape.Index, _ map: AxisMap, reduction: Int) -> Int {
    let result = append(.reduction(reduction))
    emitted[Key(node: node, map: map)] = result
    return result
  }

  /// The graph node for a tape node whose axes are indexed as `map` says.
  mutating func emit(_ index: Tape.Index, _ map: AxisMap) -> Int {
    let key = Key(node: index, map: map)
    if let known = emitted[key] { return known }
    let result = compute(index, map)
    emitted[key] = result
    return result
  }

  private mutating func compute(_ index: Tape.Index, _ map: AxisMap) -> Int {
    let node = tape[index]
    if schedule.isStored(index, before: group) { return load(index, node, map) }
    switch node.operation {
    case .leaf:
      return load(index, node, map)
    case .fill(let value):
      return graph.append(.constant(value))
    case .coordinate(let axis):
      guard let axis = map.axes[axis] else { return graph.append(.constant(0)) }
      return append(.coordinate(dimension: axis))
    case .unary(let operation):
      return graph.append(.unary(operation, emit(node.operands[0], map)))
    case .binary(let operation):
      let (x, y) = (emit(node.operands[0], map), emit(node.operands[1], map))
      return graph.append(.binary(operation, x, y))
    case .select:
      let operands = node.operands.map { emit($0, map) }
      return graph.append(.select(operands[0], operands[1], operands[2]))
    case .broadcast, .transpose, .detach, .reshape:
      let source = node.operands[0]
      if let inner = map.through(node, operandShape: tape[source].shape) {
        return emit(source, inner)
      }
      return load(schedule.contiguousSource(of: source, before: group)!, node, map)
    case .reduce, .matrixProduct:
      fatalError("Emitter: node \(index) is not in this launch")
    }
  }

  /// A load of the memory of `stored`, read in the shape of `node`.
  private mutating func load(
    _ stored: Tape.Index, _ node: Tape.Node, _ map: AxisMap
  ) -> Int {
    append(.load(spans[stored]!, strides: map.strides(in: node.shape, rank: rank)))
  }

  private mutating func append(_ input: LoopNest.Input) -> Int {
    if let number = inputNumbers[input] { return graph.append(.input(number)) }
    let number = inputCount
    inputs.append(input)
    inputNumbers[input] = number
    inputCount += 1
    return graph.append(.input(number))
  }
}
