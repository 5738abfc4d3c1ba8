/// Writes the members of one launch down as a scalar graph, whose inputs are loads, coordinates
/// and results of reductions.
struct Emitter {
  let tape: Tape
  let schedule: Schedule
  let spans: [Tape.Index: Span]
  /// Where the step's number and the seed of random numbers lie.
  let counters: Span?
  /// The number of the launch's group.
  let group: Int
  /// The extents of the launch's index space.
  let space: Shape
  private(set) var graph = ScalarGraph()
  private(set) var inputs: [LoopNest.Input] = []
  /// The number of the first input that is not preset.
  var inputCount = 0
  private var emitted: [Key: Int] = [:]
  private var inputNumbers: [LoopNest.Input: Int] = [:]

  private struct Key: Hashable {
    let node: Tape.Index
    let map: IndexMap
  }

  init(
    tape: Tape, schedule: Schedule, spans: [Tape.Index: Span], counters: Span?, group: Int,
    space: Shape
  ) {
    self.counters = counters
    self.tape = tape
    self.schedule = schedule
    self.spans = spans
    self.group = group
    self.space = space
  }

  /// Makes a tape node stand for the graph's input of number `input`.
  mutating func preset(_ node: Tape.Index, _ map: IndexMap, input: Int) {
    emitted[Key(node: node, map: map)] = graph.append(.input(input))
  }

  /// Makes a tape node stand for the result of a reduction, and returns its graph node.
  @discardableResult
  mutating func preset(_ node: Tape.Index, _ map: IndexMap, reduction: Int) -> Int {
    let result = append(.reduction(reduction))
    emitted[Key(node: node, map: map)] = result
    return result
  }

  /// The graph node for a tape node whose axes are indexed as `map` says.
  mutating func emit(_ index: Tape.Index, _ map: IndexMap) -> Int {
    let key = Key(node: index, map: map)
    if let known = emitted[key] { return known }
    let result = compute(index, map)
    emitted[key] = result
    return result
  }

  private mutating func compute(_ index: Tape.Index, _ map: IndexMap) -> Int {
    let node = tape[index]
    if schedule.isStored(index, before: group) { return load(index, node, map) }
    switch node.operation {
    case .leaf:
      return load(index, node, map)
    case .fill(let value):
      return graph.append(.constant(value))
    case .coordinate(let axis):
      return coordinate(map.indices[axis])
    case .random(let number):
      guard let counters else { fatalError("Emitter: there is no seed for random numbers") }
      var index = IndexExpression.constant(0, rank: space.count)
      for (own, stride) in zip(map.indices, node.shape.contiguousStrides) {
        index.add(own, times: stride)
      }
      return append(.random(RandomNumber(counters: counters, call: number, index: index)))
    case .unary(let operation):
      return graph.append(.unary(operation, emit(node.operands[0], map)))
    case .binary(let operation):
      let (x, y) = (emit(node.operands[0], map), emit(node.operands[1], map))
      return graph.append(.binary(operation, x, y))
    case .select:
      let operands = node.operands.map { emit($0, map) }
      return graph.append(.select(operands[0], operands[1], operands[2]))
    case .broadcast, .transpose, .detach, .known, .reshape:
      let source = node.operands[0]
      if let inner = map.through(node, operandShape: tape[source].shape, in: space) {
        return emit(source, inner)
      }
      return load(schedule.contiguousSource(of: source, before: group)!, node, map)
    case .access(let access):
      let source = node.operands[0]
      guard let inner = map.through(node, operandShape: tape[source].shape, in: space) else {
        fatalError("Emitter: node \(index) was not stored")
      }
      let value = emit(source, inner)
      let added = inner.bounds.filter { !map.bounds.contains($0) }
      // A load is 0 outside anyway.
      if added.isEmpty || access.outside == 0 && isLoad(source) { return value }
      return graph.append(
        .select(append(.inside(added)), value, graph.append(.constant(access.outside))))
    case .gather(let isZeroOutside):
      return append(.indirectLoad(indirectLoad(node, map, isZeroOutside: isZeroOutside)))
    case .reduce, .matrixProduct, .scatterAdd, .scan, .scanResult, .convolution, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      fatalError("Emitter: node \(index) is not in this launch")
    }
  }

  /// A load of the memory of `stored`, read in the shape of `node`.
  private mutating func load(
    _ stored: Tape.Index, _ node: Tape.Node, _ map: IndexMap
  ) -> Int {
    append(map.input(spans[stored]!, shape: node.shape, rank: space.count))
  }

  /// What reads rows of the table that is the first operand of `node`, named by the second.
  private func indirectLoad(
    _ node: Tape.Node, _ map: IndexMap, isZeroOutside: Bool
  ) -> IndirectLoad {
    let spans = node.operands.map { self.spans[schedule.contiguousSource(of: $0, before: group)!]! }
    let table = tape[node.operands[0]].shape
    let (strides, rowAxis) = (table.contiguousStrides, table.count - 2)
    var place = IndexExpression.constant(0, rank: space.count)
    for axis in table.indices where axis != rowAxis {
      place.add(map.indices[axis], times: strides[axis])
    }
    let number = map.ofGatherIndices.input(
      spans[1], shape: tape[node.operands[1]].shape, rank: space.count)
    guard case .load(let numberSpan, let numberStrides) = number else {
      fatalError("Emitter: \(node.operation) was not stored")
    }
    return IndirectLoad(
      table: spans[0].advanced(by: place.offset), strides: place.coefficients,
      rows: table[rowAxis], rowStride: strides[rowAxis], number: numberSpan,
      numberStrides: numberStrides, isZeroOutside: isZeroOutside)
  }

  /// Whether a node is read from memory, through views.
  private func isLoad(_ index: Tape.Index) -> Bool {
    if schedule.isStored(index, before: group) { return true }
    switch tape[index].operation {
    case .leaf: return true
    case .broadcast, .transpose, .detach, .known, .reshape: return isLoad(tape[index].operands[0])
    case .access(let access): return access.outside == 0 && isLoad(tape[index].operands[0])
    default: return false
    }
  }

  /// The value of an index, as a number; anything where it is none.
  private mutating func coordinate(_ index: IndexExpression) -> Int {
    var sum = graph.append(.constant(Double(index.offset)))
    for (axis, coefficient) in index.coefficients.enumerated() where coefficient != 0 {
      let factor = graph.append(.constant(Double(coefficient)))
      let term = graph.append(
        .binary(.multiply, append(.coordinate(dimension: axis)), factor))
      sum = graph.append(.binary(.add, sum, term))
    }
    return index.divisor == 1
      ? sum
      : graph.append(.binary(.divide, sum, graph.append(.constant(Double(index.divisor)))))
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
