extension Tensor {
  /// Goes through the first axis of some tensors, from one state to the next, as one loop: it takes as long to
  /// build for many passes as for one.
  ///
  /// - Parameters:
  ///   - initial: the states before the first pass.
  ///   - inputs: each `[time, …]`, of one and the same time, at least 1.
  ///   - isReversed: whether it goes from the last element to the first; default: false.
  ///   - step: from the states and the elements of `inputs` of a pass, `[…]`, the states after it, of the same
  ///     shapes, and its outputs. It may use other tensors, which are the same in all passes, but no loops.
  /// - Returns: the states after the last pass, and the outputs of all passes, each `[time, …]`.
  public static func scan(
    _ initial: [Tensor], over inputs: [Tensor], isReversed: Bool = false,
    _ step: (_ states: [Tensor], _ inputs: [Tensor]) -> (states: [Tensor], outputs: [Tensor])
  ) -> (states: [Tensor], outputs: [Tensor]) {
    let time = inputs.first?.shape.first ?? 0
    require(
      time > 0 && inputs.allSatisfy { $0.shape.first == time },
      "scan: over \(inputs.map(\.shape)): the first axes must be equal and not 0")
    let places = initial.map(\.shape) + inputs.map { Shape($0.shape.dropFirst()) }
    let leaves = places.map { shape in
      let recorder = TapeRecorder()
      return Tensor(recorder, recorder.leaf(.input(name: "scan"), shape: shape))
    }
    let (states, outputs) = step(
      Array(leaves.prefix(initial.count)), Array(leaves.dropFirst(initial.count)))
    require(
      states.map(\.shape) == initial.map(\.shape),
      "scan: states \(initial.map(\.shape)) become \(states.map(\.shape))")
    let recording = ScanRecording(leaves: leaves, results: states + outputs)
    let scan = Scan(
      body: recording.body, stateCount: initial.count, inputCount: inputs.count,
      nextStates: Array(recording.results.prefix(states.count)), count: time,
      isReversed: isReversed)
    let operands = initial + inputs + recording.captures
    let loop = operands[0].recording(
      .scan(scan), with: Array(operands.dropFirst()), shape: [])
    return (
      states.indices.map { loop.result(.finalState($0), of: scan) },
      recording.results.dropFirst(states.count).map { loop.result(.stacked($0), of: scan) }
    )
  }

  /// A result of this loop.
  func result(_ result: Scan.Result, of scan: Scan) -> Tensor {
    recording(.scanResult(result), shape: scan.shape(of: result))
  }
}

/// What a pass of a loop computes, taken out of the tape that it was recorded on.
private struct ScanRecording {
  var body = Tape()
  /// What is the same in all passes, in the order of the leaves behind those of states and inputs.
  var captures: [Tensor] = []
  /// The nodes of the results in the body.
  var results: [Tape.Index] = []

  init(leaves: [Tensor], results: [Tensor]) {
    let recorder = TapeRecorder()
    let leafNodes = leaves.map { recorder.adopt($0.index, from: $0.recorder) }
    let nodes = results.map { recorder.adopt($0.index, from: $0.recorder) }
    let tape = recorder.tape
    let needed = tape.needed(by: nodes)
    var depends = [Bool](repeating: false, count: tape.nodes.count)
    var mapped: [Tape.Index: Tape.Index] = [:]
    for (number, node) in leafNodes.enumerated() {
      depends[node] = true
      mapped[node] = body.append(.leaf(number), shape: tape[node].shape)
    }
    for (index, node) in tape.nodes.enumerated() where !depends[index] {
      depends[index] = node.operands.contains { depends[$0] }
    }
    /// The body's node for one that is the same in all passes: views are of what they see.
    func invariant(_ index: Tape.Index) -> Tape.Index {
      if let known = mapped[index] { return known }
      let node = tape[index]
      let result: Tape.Index
      switch node.operation {
      case .fill, .coordinate, .broadcast, .transpose, .reshape, .detach, .access:
        result = body.append(node.operation, node.operands.map(invariant), shape: node.shape)
      default:
        result = body.append(.leaf(leaves.count + captures.count), shape: node.shape)
        captures.append(Tensor(recorder, index))
      }
      mapped[index] = result
      return result
    }
    for (index, node) in tape.nodes.enumerated() where depends[index] && mapped[index] == nil {
      guard needed[index] else { continue }
      if case .scan = node.operation { fatalError("scan: a loop inside a loop") }
      let operands = node.operands.map { mapped[$0] ?? invariant($0) }
      mapped[index] = body.append(node.operation, operands, shape: node.shape)
    }
    self.results = nodes.map { mapped[$0] ?? invariant($0) }
  }
}
