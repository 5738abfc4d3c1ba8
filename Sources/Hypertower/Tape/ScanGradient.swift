/// The cotangents of a loop's operands: a loop in the other direction.
///
/// Each of its passes computes the body again, except products and costly functions, whose elements the first loop
/// kept where they are needed, and sends the cotangents of the pass back. What the body's products contribute to the
/// cotangents of what is the same in all passes, such as a weight, is one product over all passes after the loop.
struct ScanGradient {
  let scan: Scan
  /// The loop, on its tape.
  let loop: Tensor
  let operands: [Tensor]
  /// The cotangents of results.
  let cotangents: [Scan.Result: Tensor]

  private var states: Range<Int> { 0..<scan.stateCount }
  private var captures: [Tensor] { Array(operands.dropFirst(scan.stateCount + scan.inputCount)) }

  /// In the order of the loop's inputs, whatever the order of passes.
  private func inInputOrder(_ tensor: Tensor) -> Tensor {
    scan.isReversed ? tensor.flipped(axis: 0) : tensor
  }

  /// How a capture's cotangent is made of what passes leave behind, all `[count, …]`.
  private enum Share {
    case product(left: Place, right: Place, transposeLeft: Bool, transposeRight: Bool)
    case scatterAdd(values: Place, indices: Place)
    case sum(Place)

    var places: [Place] {
      switch self {
      case .product(let left, let right, _, _): [left, right]
      case .scatterAdd(let values, let indices): [values, indices]
      case .sum(let place): [place]
      }
    }
  }

  /// Where a tensor of all passes is found: among the inputs of the loop back or among its outputs.
  private enum Place {
    case input(Int)
    case output(Int)
  }

  func contributions() -> [Tensor?] {
    let kept = keptNodes
    let inputs =
      states.map { inInputOrder(loop.result(.states($0), of: scan)) }
      + operands.dropFirst(scan.stateCount).prefix(scan.inputCount)
      + kept.map { loop.result(.stacked($0), of: scan) }
      + stacked.map { cotangents[.stacked($0)]! }
      + known.map { inInputOrder(cotangents[.states($0)]!) }
    let initial = states.map { state in
      cotangents[.finalState(state)]
        ?? Tensor(repeating: 0, shape: scan.shape(of: .finalState(state)))
    }

    var shares: [[Share]] = []
    let (before, outputs) = Tensor.scan(initial, over: inputs, isReversed: !scan.isReversed) {
      let pass = passBack($0, $1, captures, kept)
      shares = pass.shares
      return (pass.states, pass.outputs)
    }
    func tensor(_ place: Place) -> Tensor {
      switch place {
      case .input(let number): inputs[number]
      case .output(let number): outputs[number]
      }
    }
    let ofCaptures = zip(shares, captures).map { own, capture -> Tensor in
      let sums = own.map { share -> Tensor in
        switch share {
        case .sum(let place): return tensor(place).sum([0])
        case .product(let left, let right, let transposeLeft, let transposeRight):
          return tensor(left).joinedPasses(alongFirst: transposeLeft).matmul(
            tensor(right).joinedPasses(alongFirst: !transposeRight),
            transposeLeft: transposeLeft, transposeRight: transposeRight)
        case .scatterAdd(let values, let indices):
          let indices = tensor(indices)
          return tensor(values).joinedPasses(alongFirst: true).addingRows(
            at: indices.reshaped([indices.shape.elementCount]), count: capture.shape[0])
        }
      }
      return sums.dropFirst().reduce(
        sums.first ?? Tensor(repeating: 0, shape: capture.shape)
      ) { $0 + $1 }
    }
    return before + outputs.prefix(scan.inputCount) + ofCaptures
  }

  // MARK: A pass

  /// Nodes of the body whose cotangents are given.
  private var stacked: [Tape.Index] {
    cotangents.keys.compactMap { result -> Tape.Index? in
      guard case .stacked(let node) = result else { return nil }
      return node
    }.sorted()
  }

  /// States before passes whose cotangents are given.
  private var known: [Int] { states.filter { cotangents[.states($0)] != nil } }

  /// What a pass of the loop back does.
  ///
  /// - Parameters:
  ///   - cotangents: of the states after the pass.
  ///   - elements: of the states before it and of the inputs, of `kept` nodes, and the cotangents of results.
  /// - Returns: the cotangents of the states before the pass, those of the inputs with what shares are made of, and
  ///   the shares of each capture.
  private func passBack(
    _ cotangents: [Tensor], _ elements: [Tensor], _ captures: [Tensor], _ kept: [Tape.Index]
  ) -> (states: [Tensor], outputs: [Tensor], shares: [[Share]]) {
    var rest = elements[...]
    func take(_ count: Int) -> [Tensor] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let (states, own) = (take(scan.stateCount), take(scan.inputCount))
    let values = Dictionary(uniqueKeysWithValues: zip(kept, take(kept.count)))
    let nodes = recordBody(leaves: states + own + captures, kept: values)
    var total = Tensor.constant(0)
    for (next, cotangent) in zip(scan.nextStates, cotangents) {
      total = total + (nodes[next]! * cotangent).sum()
    }
    for (node, cotangent) in zip(stacked, take(stacked.count)) {
      total = total + (nodes[node]! * cotangent).sum()
    }
    let all = gradients(of: total, withRespectTo: states + own + captures)
    var next = Array(all.prefix(states.count))
    for (state, cotangent) in zip(known, take(known.count)) {
      next[state] = next[state] + cotangent
    }
    var outputs = Array(all.dropFirst(states.count).prefix(own.count))
    let shares = all.suffix(captures.count).map { self.shares(of: $0, elements, &outputs) }
    return (next, outputs, shares)
  }

  /// The products and costly functions of the body whose elements a pass needs that computes none of these again.
  private var keptNodes: [Tape.Index] {
    let candidates = scan.body.nodes.indices.filter { index in
      if case .matrixProduct = scan.body[index].operation { return true }
      return scan.body.isCostly(index)
    }
    let recorder = TapeRecorder()
    func leaf(_ shape: Shape) -> Tensor {
      Tensor(recorder, recorder.leaf(.input(name: "scan"), shape: shape))
    }
    let inputs = operands.dropFirst(scan.stateCount).prefix(scan.inputCount)
    let stateLeaves = states.map { leaf(scan.shape(of: .finalState($0))) }
    let candidateLeaves = candidates.map { leaf(scan.body[$0].shape) }
    let elements =
      stateLeaves + inputs.map { leaf(Shape($0.shape.dropFirst())) } + candidateLeaves
      + stacked.map { leaf(scan.body[$0].shape) } + known.map { leaf(stateLeaves[$0].shape) }
    let pass = passBack(
      states.map { leaf(stateLeaves[$0].shape) }, elements, captures.map { leaf($0.shape) },
      candidates)
    let shared = pass.shares.flatMap { $0 }.flatMap(\.places).compactMap { place -> Tensor? in
      guard case .input(let number) = place else { return nil }
      return elements[number]
    }
    let results = (pass.states + pass.outputs + shared).map {
      recorder.adopt($0.index, from: $0.recorder)
    }
    let needed = recorder.tape.neededForValues(of: results)
    return zip(candidates, candidateLeaves).filter { needed[$1.index] }.map(\.0)
  }

  /// The body once more, with `leaves` for its leaves and the elements of `kept` nodes.
  private func recordBody(
    leaves: [Tensor], kept: [Tape.Index: Tensor]
  ) -> [Tape.Index: Tensor] {
    var nodes: [Tape.Index: Tensor] = [:]
    for (index, node) in scan.body.nodes.enumerated() {
      if case .leaf(let number) = node.operation {
        nodes[index] = leaves[number]
        continue
      }
      let operands = node.operands.map { nodes[$0]! }
      let own: Tensor
      if let first = operands.first {
        own = first.recording(
          node.operation, with: Array(operands.dropFirst()), shape: node.shape)
      } else {
        let recorder = TapeRecorder()
        own = Tensor(recorder, recorder.tape.append(node.operation, shape: node.shape))
      }
      nodes[index] =
        kept[index].map { $0.differentiated(as: own) } ?? own
    }
    return nodes
  }

  /// What a pass contributes to a capture's cotangent; what that is made of is put among the outputs, unless
  /// it is an element of an input.
  private func shares(
    of cotangent: Tensor, _ elements: [Tensor], _ outputs: inout [Tensor]
  ) -> [Share] {
    func place(_ tensor: Tensor) -> Place {
      if let input = elements.firstIndex(where: { $0.isSame(as: tensor) }) {
        return .input(input)
      }
      outputs.append(tensor)
      return .output(outputs.count - 1)
    }
    let recorder = cotangent.recorder
    let node = recorder.tape[cotangent.index]
    let operands = node.operands.map { Tensor(recorder, $0) }
    switch node.operation {
    case .fill(0): return []
    case .binary(.add):
      return operands.flatMap { shares(of: $0, elements, &outputs) }
    case .matrixProduct(let left, let right) where node.shape.count == 2:
      return [
        .product(
          left: place(operands[0]), right: place(operands[1]), transposeLeft: left,
          transposeRight: right)
      ]
    case .scatterAdd where node.shape.count == 2:
      return [.scatterAdd(values: place(operands[0]), indices: place(operands[1]))]
    default: return [.sum(place(cotangent))]
    }
  }
}

extension Tensor {
  /// Matrices of all passes, `[count, m, n]`, as one: below one another, `[count · m, n]`, or side by side,
  /// `[m, count · n]`.
  fileprivate func joinedPasses(alongFirst: Bool) -> Tensor {
    let (count, m, n) = (shape[0], shape[1], shape[2])
    return alongFirst
      ? reshaped([count * m, n]) : transposed([1, 0, 2]).reshaped([m, count * n])
  }

  /// Whether the other tensor is the same leaf.
  fileprivate func isSame(as other: Tensor) -> Bool {
    guard case .leaf = other.recorder.tape[other.index].operation, shape == other.shape else {
      return false
    }
    return other.recorder.adopt(index, from: recorder) == other.index
  }
}
