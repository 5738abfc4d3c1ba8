/// Loop nests with their stages.
extension Lowering {
  func nest(
    _ members: [Tape.Index], _ group: Int, fullShape: Shape, reducedAxes: [Int]
  ) -> LoopNest {
    let rank = fullShape.count
    let kept = (0..<rank).filter { !reducedAxes.contains($0) }
    let order = kept + reducedAxes.sorted()
    var emitter = Emitter(
      tape: tape, schedule: schedule, spans: spans, counters: counters, group: group,
      space: fullShape)
    var nest = LoopNest(
      keptShape: kept.map { fullShape[$0] },
      reducedShape: reducedAxes.sorted().map { fullShape[$0] })

    // For each graph node the first stage in which it can be computed.
    func stage(_ node: Int) -> Int {
      var stages = [Int](repeating: 0, count: emitter.graph.nodes.count)
      for (index, graphNode) in emitter.graph.nodes.enumerated() {
        if case .input(let number) = graphNode,
          case .reduction(let reduction) =
            emitter.inputs[number]
        {
          stages[index] = nest.reductions[reduction].stage + 1
        }
        for operand in graphNode.operands {
          stages[index] = Swift.max(stages[index], stages[operand])
        }
      }
      return stages[node]
    }

    let keptShape = fullShape.collapsed(along: reducedAxes)
    for member in members {
      let node = tape[member]
      let result: Int
      if case .reduce(let kind, _) = node.operation {
        let value = emitter.emit(node.operands[0], IndexMap(identityOn: fullShape))
        nest.reductions.append(.init(kind: kind, value: value, stage: stage(value)))
        result = emitter.preset(
          member, IndexMap(identityOn: node.shape),
          reduction: nest.reductions.count - 1)
      } else {
        result = emitter.emit(member, IndexMap(identityOn: node.shape))
      }
      if schedule.stored.contains(member) {
        let isFull = !reducedAxes.isEmpty && node.shape == fullShape && fullShape != keptShape
        nest.outputs.append(
          .init(
            node: result, span: spans[member]!, isFull: isFull,
            stage: isFull ? stage(result) : 0))
      }
    }
    nest.graph = emitter.graph
    nest.inputs = emitter.inputs.map { input in
      input.mapping(
        coefficients: { all in order.map { all[$0] } },
        dimension: { order.firstIndex(of: $0)! })
    }
    return nest
  }
}
