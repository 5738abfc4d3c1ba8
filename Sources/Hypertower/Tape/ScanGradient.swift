/// The cotangents of a loop's operands: a loop in the other direction.
///
/// Each of its passes computes the body again, but for products, whose elements the first loop kept, and sends the
/// cotangents of the pass back. What the body's products contribute to the cotangents of what is the same in all
/// passes, such as a weight, is one product over all passes after the loop.
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
  }

  /// Where a tensor of all passes is found: among the inputs of the loop back or among its outputs.
  private enum Place {
    case input(Int)
    case output(Int)
  }

  func contributions() -> [Tensor?] {
    let products = scan.products
    let stacked = cotangents.keys.compactMap { result -> Tape.Index? in
      guard case .stacked(let node) = result else { return nil }
      return node
    }.sorted()
    let known = states.filter { cotangents[.states($0)] != nil }
    let inputs =
      states.map { inInputOrder(loop.result(.states($0), of: scan)) }
      + operands.dropFirst(scan.stateCount).prefix(scan.inputCount)
      + products.map { loop.result(.stacked($0), of: scan) }
      + stacked.map { cotangents[.stacked($0)]! }
      + known.map { inInputOrder(cotangents[.states($0)]!) }
    let initial = states.map { state in
      cotangents[.finalState(state)]
        ?? Tensor(repeating: 0, shape: scan.shape(of: .finalState(state)))
    }

    var shares: [[Share]] = []
    let (before, outputs) = Tensor.scan(initial, over: inputs, isReversed: !scan.isReversed) {
      cotangents, elements in
      var rest = elements[...]
      func take(_ count: Int) -> [Tensor] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      let (states, own) = (take(scan.stateCount), take(scan.inputCount))
      let values = Dictionary(uniqueKeysWithValues: zip(products, take(products.count)))
      let nodes = recordBody(leaves: states + own + captures, products: values)
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
      var results = Array(all.dropFirst(states.count).prefix(own.count))
      shares = all.suffix(captures.count).map { self.shares(of: $0, elements, &results) }
      return (next, results)
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

  /// The body once more, with `leaves` for its leaves and the known elements of products.
  private func recordBody(
    leaves: [Tensor], products: [Tape.Index: Tensor]
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
        products[index].map { $0.differentiated(as: own) } ?? own
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
