/// Turns a tape into the instructions of a program.
package struct Lowering {
  let tape: Tape
  let schedule: Schedule
  let counters: Span?
  /// Where each leaf and each stored node lies.
  private(set) var spans: [Tape.Index: Span] = [:]
  /// How many matrices the results of products of several are, by where they lie.
  private var matrixCounts: [Span: Int] = [:]

  /// Appends to `program` what computes the nodes that `outputs` need.
  ///
  /// - Parameters:
  ///   - tape: the operations.
  ///   - leaves: where each leaf lies, by its number.
  ///   - outputs: nodes, and where their elements shall go.
  ///   - updates: nodes whose elements take the place of leaves, when nothing reads those any more.
  ///   - counters: where the step's number and the seed of random numbers lie.
  ///   - program: whose `fuses` decides whether operations are put together, and which gets a
  ///     temporary buffer for each intermediate result.
  package static func lower(
    _ tape: Tape, leaves: [Int: Span], outputs: [(node: Tape.Index, span: Span)],
    updates: [(node: Tape.Index, span: Span)] = [], counters: Span? = nil,
    into program: inout Program
  ) {
    TapeValidator.check(tape)
    let all = (outputs + updates).map(\.node)
    var (sunk, nodes) = (tape, all)
    if program.fuses {
      (sunk, nodes) = Narrowing.apply(to: tape, outputs: all)
      TapeValidator.check(sunk)
      (sunk, nodes) = ViewSinking.apply(to: sunk, outputs: nodes)
      TapeValidator.check(sunk)
    }
    let ends = zip(nodes, outputs + updates).map { (node: $0, span: $1.span) }
    var lowering = Lowering(sunk, outputs: nodes, counters: counters, fuses: program.fuses)
    lowering.run(
      leaves: leaves, outputs: Array(ends.prefix(outputs.count)),
      updates: Array(ends.dropFirst(outputs.count)), into: &program)
  }

  private init(_ tape: Tape, outputs: [Tape.Index], counters: Span?, fuses: Bool) {
    self.tape = tape
    self.counters = counters
    schedule = Schedule(tape, outputs: outputs, fuses: fuses)
  }

  private mutating func run(
    leaves: [Int: Span], outputs: [(node: Tape.Index, span: Span)],
    updates: [(node: Tape.Index, span: Span)], into program: inout Program
  ) {
    for (index, node) in tape.nodes.enumerated() {
      if case .leaf(let number) = node.operation { spans[index] = leaves[number] }
    }

    // A stored node goes straight to where the outside wants it; what is wanted twice, or is a
    // leaf, is copied.
    var copies: [(source: Tape.Index, span: Span)] = []
    for output in outputs {
      guard let source = schedule.contiguousSource(of: output.node) else {
        fatalError("Lowering: output \(output.node) was not stored")
      }
      if spans[source] == nil {
        spans[source] = output.span
      } else {
        copies.append((source, output.span))
      }
    }

    for update in updates {
      copies.append((schedule.contiguousSource(of: update.node)!, update.span))
    }

    var instructions: [Instruction] = []
    for (number, group) in schedule.groups.enumerated() {
      if case .scan = group.kind {
        instructions += loop(group.members, into: &program)
        continue
      }
      for member in group.members where schedule.stored.contains(member) && spans[member] == nil {
        spans[member] = Span(
          buffer: program.addTemporary(count: tape[member].shape.elementCount))
      }
      if case .attention = group.kind {
        instructions.append(attention(group.members, number, into: &program))
        continue
      }
      let instruction = instruction(for: group, number)
      if case .matrixProduct(let product) = instruction, product.matrices > 1 {
        for output in product.outputs { matrixCounts[output.span] = product.matrices }
      }
      instructions.append(instruction)
    }
    for copy in copies {
      instructions.append(copyInstruction(copy.source, to: copy.span))
    }
    program.instructions += instructions.filter { !$0.isEmpty }
  }

  private func instruction(for group: Schedule.Group, _ number: Int) -> Instruction {
    switch group.kind {
    case .scan, .attention:
      fatalError("Lowering: \(group.kind) takes more than its members' memory")
    case .scatterAdd: .scatterAdd(scatter(group.members[0], number))
    case .allReduce: .allReduce(reduction(group.members[0], number))
    case .product:
      .matrixProduct(product(group.members, number))
    case .nest(let fullShape, let reducedAxes):
      .loopNest(
        cut(nest(group.members, number, fullShape: fullShape, reducedAxes: reducedAxes ?? []))
          .coalesced(keepingRows: true))
    }
  }

  /// The nest with the matrices that it reads as rows, so that each can go through it as it comes from its product.
  private func cut(_ nest: LoopNest) -> LoopNest {
    let counts = nest.inputs.compactMap { input -> Int? in
      guard case .load(let span, _) = input else { return nil }
      return matrixCounts[span]
    }
    return counts.first.map(nest.withRows) ?? nest
  }

  private func copyInstruction(_ source: Tape.Index, to span: Span) -> Instruction {
    copyInstruction(spans[source]!, count: tape[source].shape.elementCount, to: span)
  }

  private func copyInstruction(_ source: Span, count: Int, to span: Span) -> Instruction {
    var nest = LoopNest(keptShape: [count], reducedShape: [])
    nest.inputs = [.load(source, strides: [1])]
    let node = nest.graph.append(.input(0))
    nest.outputs = [.init(node: node, span: span, isFull: false, stage: 0)]
    return .loopNest(nest)
  }

  // MARK: Loops

  /// The states of all passes lie one after another, the initial ones first, so that each pass reads those before
  /// it and writes the next ones, and all of them are there afterwards.
  private mutating func loop(
    _ members: [Tape.Index], into program: inout Program
  ) -> [Instruction] {
    let node = tape[members[0]]
    guard case .scan(let scan) = node.operation else {
      fatalError("Lowering: \(node.operation) is no loop")
    }
    func source(_ operand: Tape.Index) -> Span { spans[schedule.contiguousSource(of: operand)!]! }
    let sizes = scan.nextStates.map { scan.body[$0].shape.elementCount }
    let states = sizes.map { Span(buffer: program.addTemporary(count: (scan.count + 1) * $0)) }
    var before: [Instruction] = []
    var after: [Instruction] = []
    for (state, (span, size)) in zip(states, sizes).enumerated() {
      before.append(copyInstruction(source(node.operands[state]), count: size, to: span))
    }
    /// A run of `[count, …]` at the pass's place.
    func stepping(_ span: Span, size: Int) -> Span {
      scan.isReversed
        ? Span(buffer: span.buffer, offset: span.offset + (scan.count - 1) * size, step: -size)
        : Span(buffer: span.buffer, offset: span.offset, step: size)
    }

    var leaves: [Int: Span] = [:]
    for (number, operand) in node.operands.enumerated() {
      if number < scan.stateCount {
        leaves[number] = Span(buffer: states[number].buffer, step: sizes[number])
      } else if number < scan.stateCount + scan.inputCount {
        let size = tape[operand].shape.dropFirst().elementCount
        leaves[number] = stepping(source(operand), size: size)
      } else {
        leaves[number] = source(operand)
      }
    }
    var outputs = scan.nextStates.enumerated().map { state, node in
      (
        node: node,
        span: Span(buffer: states[state].buffer, offset: sizes[state], step: sizes[state])
      )
    }
    /// Takes memory that is there for a result, or copies it to where the result is wanted.
    func place(_ member: Tape.Index, at span: Span) {
      if let wanted = spans[member] {
        let count = tape[member].shape.elementCount
        after.append(copyInstruction(span, count: count, to: wanted))
      } else {
        spans[member] = span
      }
    }
    for member in members.dropFirst() {
      guard case .scanResult(let result) = tape[member].operation else { continue }
      switch result {
      case .finalState(let state):
        place(member, at: states[state].advanced(by: scan.count * sizes[state]))
      case .states(let state): place(member, at: states[state])
      case .stacked(let own):
        if !scan.isReversed, let state = scan.nextStates.firstIndex(of: own) {
          place(member, at: states[state].advanced(by: sizes[state]))
          continue
        }
        let size = scan.body[own].shape.elementCount
        let span = spans[member] ?? Span(buffer: program.addTemporary(count: scan.count * size))
        spans[member] = span
        outputs.append((own, stepping(span, size: size)))
      }
    }
    var inner = program
    inner.instructions = []
    Lowering.lower(scan.body, leaves: leaves, outputs: outputs, into: &inner)
    program.buffers = inner.buffers
    return before + [.loop(Loop(count: scan.count, body: inner.instructions))] + after
  }

  // MARK: Sums over shards and rows

  private func reduction(_ index: Tape.Index, _ group: Int) -> AllReduce {
    let source = schedule.contiguousSource(of: tape[index].operands[0], before: group)!
    return AllReduce(
      count: tape[index].shape.elementCount, values: spans[source]!, sum: spans[index]!)
  }

  private func scatter(_ index: Tape.Index, _ group: Int) -> ScatterAdd {
    let node = tape[index]
    let operands = node.operands.map { spans[schedule.contiguousSource(of: $0, before: group)!]! }
    let (rows, width) = (node.shape[node.shape.count - 2], node.shape[node.shape.count - 1])
    return ScatterAdd(
      matrices: node.shape.dropLast(2).elementCount, rows: rows, width: width,
      count: tape[node.operands[1]].shape.last!, values: operands[0], indices: operands[1],
      result: spans[index]!)
  }
}

extension Instruction {
  /// Whether there is nothing to compute.
  fileprivate var isEmpty: Bool {
    switch self {
    case .loopNest(let nest):
      nest.keptShape.contains(0)
        || (nest.reducedShape.contains(0) && nest.outputs.allSatisfy(\.isFull))
    case .matrixProduct(let product): product.allRows == 0 || product.columns == 0
    case .scatterAdd(let scatter): scatter.matrices * scatter.rows * scatter.width == 0
    case .attention(let attention): attention.sizes.matrices == 0
    case .attentionGradient(let gradient): gradient.sizes.matrices == 0
    case .loop(let loop): loop.body.isEmpty
    case .allReduce(let reduction): reduction.count == 0
    case .gatherBatch, .increment, .projectGradient, .walkTower, .updateParameters: false
    }
  }
}
