/// Loops, whose passes are graphs of their own.
extension TapeTranslation {
  /// Adds the loop and sets its results.
  mutating func scan(_ scan: Scan, _ node: BatchTape.Node, at index: Int) throws -> Value {
    let body = node.body!
    let nextStates = body.results.prefix(scan.stateCount)
    let results = tape.nodes.indices.compactMap { number -> (index: Int, result: Scan.Result)? in
      let own = tape.nodes[number]
      guard case .scanResult(let result) = own.operation, own.operands == [index],
        forms[number] != nil
      else { return nil }
      return (number, result)
    }
    let inner = scan.stateCount + scan.inputCount
    let operands = node.operands.prefix(inner).map { whole($0) }
    let captured = node.operands.dropFirst(inner).map { number($0) }
    let inputs = operands.enumerated().map { number, operand in
      Value(
        name: names.newName(number < scan.stateCount ? "state" : "element"),
        shape: number < scan.stateCount ? operand.shape : Array(operand.shape.dropFirst()))
    }
    let listed = results.filter { if case .finalState = $0.result { false } else { true } }
    let stacked = listed.compactMap { own -> Int? in
      if case .stacked(let place) = own.result { body.node(at: place) } else { nil }
    }
    var pass = try TapeTranslation(body, results: nextStates + stacked, names: names) {
      $0 < inner ? inputs[$0] : captured[$0 - inner]
    }
    var outputs = nextStates.map { pass.whole($0) }
    for own in listed {
      switch own.result {
      case .states(let state): outputs.append(inputs[state])
      case .stacked(let place): outputs.append(pass.whole(body.node(at: place)))
      case .finalState: fatalError("TapeTranslation: final states are not listed")
      }
    }
    // Each output is a node's of its own.
    let ends = outputs.map { output -> ONNXGraph.Value in
      let name = names.newName("next")
      pass.add(output, as: name)
      return .init(name: name, type: .float, shape: output.shape)
    }
    let graph = ONNXGraph(
      name: names.newName("pass"), nodes: pass.nodes,
      inputs: inputs.map { .init(name: $0.name, type: .float, shape: $0.shape) }, outputs: ends)
    let direction = scan.isReversed ? 1 : 0
    var attributes: [(name: String, value: ONNXGraph.Attribute)] = [
      ("body", .graph(graph)), ("num_scan_inputs", .integer(scan.inputCount)),
      ("scan_input_directions", .integers(Array(repeating: direction, count: scan.inputCount))),
    ]
    if !listed.isEmpty {
      // States come in the order of passes, everything else in that of the inputs.
      let directions = listed.map { if case .stacked = $0.result { direction } else { 0 } }
      attributes.append(("scan_output_directions", .integers(directions)))
    }
    let all = add("Scan", operands.map(\.name), attributes, count: ends.count)
    for own in results {
      if case .finalState(let state) = own.result {
        set(own.index, to: Value(name: all[state], shape: tape.nodes[own.index].shape))
      }
    }
    for (own, name) in zip(listed, all.dropFirst(scan.stateCount)) {
      set(own.index, to: Value(name: name, shape: tape.nodes[own.index].shape))
    }
    return Value(name: all[0], shape: [])
  }
}
