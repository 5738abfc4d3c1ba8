/// The gradients of `loss`, a single number, with respect to `tensors`, in their shapes.
///
/// Reverse mode: the adjoint operations are recorded on the loss's tape, so gradients can be
/// differentiated again. Tensors that the loss does not depend on have gradient 0.
public func gradients(of loss: Tensor, withRespectTo tensors: [Tensor]) -> [Tensor] {
  require(
    loss.shape.elementCount == 1, "gradients: the loss has shape \(loss.shape), not one element")
  let recorder = loss.recorder
  let sources = tensors.map { recorder.adopt($0.index, from: $0.recorder) }
  let end = loss.index + 1
  let depends = dependents(on: Set(sources), in: recorder.tape, before: end)
  var cotangents = [Tensor?](repeating: nil, count: end)
  cotangents[loss.index] = Tensor(
    recorder, recorder.tape.append(.fill(1), shape: loss.shape))

  var users = [[Tape.Index]](repeating: [], count: end)
  for index in 0..<end {
    for operand in recorder.tape[index].operands { users[operand].append(index) }
  }
  // Where the elements of a node are known, which then are not computed for its derivative.
  var knownElements: [Int: Int] = [:]
  // Of each loop, by its node.
  var resultCotangents: [Int: [Scan.Result: Tensor]] = [:]
  for index in (0..<end).reversed() where depends[index] {
    let node = recorder.tape[index]
    let operands = node.operands.map { Tensor(recorder, $0) }
    let contributions: [Tensor?]
    if case .scan(let scan) = node.operation {
      guard let own = resultCotangents[index] else { continue }
      contributions = ScanGradient(
        scan: scan, loop: Tensor(recorder, index), operands: operands, cotangents: own
      ).contributions()
    } else if let cotangent = cotangents[index] {
      if case .scanResult(let result) = node.operation {
        resultCotangents[node.operands[0], default: [:]][result] = cotangent
        continue
      }
      let region = ElementwiseRegion(
        endingAt: index, in: recorder.tape, isInside: { !sources.contains($0) }, depends: depends,
        users: users)
      if let region {
        let derivative = region.derivative(in: recorder) { knownElements[$0] ?? $0 }
        if let contribution = derivative.map({ cotangent * $0 }) {
          cotangents[region.source] =
            cotangents[region.source].map { $0 + contribution } ?? contribution
        }
        continue
      }
      if case .known = node.operation { knownElements[node.operands[1]] = index }
      contributions = node.operation.pullback(
        operands: operands, result: Tensor(recorder, knownElements[index] ?? index),
        cotangent: cotangent)
    } else {
      continue
    }
    for (operand, contribution) in zip(node.operands, contributions) where depends[operand] {
      guard let contribution else { continue }
      cotangents[operand] = cotangents[operand].map { $0 + contribution } ?? contribution
    }
  }
  return zip(sources, tensors).map { source, tensor in
    (source < end ? cotangents[source] : nil) ?? Tensor(repeating: 0, shape: tensor.shape)
  }
}

/// For each node before `end` whether it depends on one of `sources`.
private func dependents(on sources: Set<Int>, in tape: Tape, before end: Int) -> [Bool] {
  var depends: [Bool] = []
  depends.reserveCapacity(end)
  for index in 0..<end {
    depends.append(
      sources.contains(index) || tape[index].operands.contains { depends[$0] })
  }
  return depends
}

extension Tape.Operation {
  /// The cotangents of the operands from that of the result; nil where an operand has none.
  func pullback(
    operands: [Tensor], result: Tensor, cotangent: Tensor
  ) -> [Tensor?] {
    switch self {
    case .leaf, .fill, .coordinate, .random:
      return []
    case .detach:
      return [nil]
    case .known:
      return [nil, cotangent]
    case .scan, .scanResult:
      fatalError("gradients: a loop's results are sent back together")
    case .convolution(let convolution):
      return convolution.pullback(operands[0], operands[1], cotangent: cotangent)
    case .unary(let operation):
      return [operation.pullback(x: operands[0], y: result, cotangent: cotangent)]
    case .binary(let operation):
      let (x, y) = (operands[0], operands[1])
      return [
        operation.leftPullback(x: x, y: y, z: result, cotangent: cotangent),
        operation.rightPullback(x: x, y: y, z: result, cotangent: cotangent),
      ]
    case .select:
      return [
        nil, .select(operands[0], cotangent, 0), .select(operands[0], 0, cotangent),
      ]
    case .broadcast:
      let shape = operands[0].shape
      let axes = shape.indices.filter { shape[$0] != result.shape[$0] }
      return [cotangent.sum(axes, keepingAxes: true)]
    case .reshape:
      return [cotangent.reshaped(operands[0].shape)]
    case .transpose(let permutation):
      let inverse = permutation.indices.map { permutation.firstIndex(of: $0)! }
      return [cotangent.transposed(inverse)]
    case .access(let access):
      return [cotangent.adjoint(of: access, tensorShape: operands[0].shape)]
    case .reduce(.sum, _):
      return [cotangent.broadcast(to: operands[0].shape)]
    case .reduce(.maximum, let axes):
      // Elements that share the maximum share its cotangent.
      let isMaximum = operands[0].isEqual(to: result.broadcast(to: operands[0].shape))
      let share = cotangent / isMaximum.sum(axes, keepingAxes: true)
      return [.select(isMaximum, share.broadcast(to: operands[0].shape), 0)]
    case .reduce(.indexOfMaximum, _):
      return [nil]
    case .matrixProduct(let transposeLeft, let transposeRight):
      // C = A·B: Ā = C̄·Bᵀ and B̄ = Aᵀ·C̄, each transposed again if its operand is.
      let (a, b) = (operands[0], operands[1])
      return [
        transposeLeft
          ? b.matmul(cotangent, transposeLeft: transposeRight, transposeRight: true)
          : cotangent.matmul(b, transposeRight: !transposeRight),
        transposeRight
          ? cotangent.matmul(a, transposeLeft: true, transposeRight: transposeLeft)
          : a.matmul(cotangent, transposeLeft: !transposeLeft),
      ]
    case .gather:
      let rows = operands[0].shape[operands[0].shape.count - 2]
      return [cotangent.addingRows(at: operands[1], count: rows), nil]
    case .scatterAdd:
      return [cotangent.rows(at: operands[1], isZeroOutside: true), nil]
    case .attention(let attention):
      return attention.pullback(operands[0], operands[1], operands[2], cotangent: cotangent)
    case .allReduce:
      // The loss is the sum of the shards' losses, and each of these may depend on each shard's operand.
      return [cotangent.allReduced()]
    case .attentionGradient, .attentionResult:
      fatalError("gradients: those of attention are differentiated as whole matrices")
    }
  }
}
