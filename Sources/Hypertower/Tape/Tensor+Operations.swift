extension Tensor {
  /// The tensor stretched to `shape`: axes of extent 1 are repeated, missing leading axes added.
  public func broadcast(to target: Shape) -> Tensor {
    guard shape != target else { return self }
    require(
      shape.count <= target.count && shape.broadcast(with: target) == target,
      "broadcast: \(shape) does not stretch to \(target)")
    if case .fill(let value) = recorder.tape[index].operation {
      return Tensor(recorder, recorder.tape.append(.fill(value), shape: target))
    }
    let aligned = reshaped(shape.aligned(toRank: target.count))
    return aligned.shape == target ? aligned : aligned.recording(.broadcast, shape: target)
  }

  /// The same elements in another shape of as many.
  public func reshaped(_ target: Shape) -> Tensor {
    guard shape != target else { return self }
    require(
      shape.elementCount == target.elementCount && target.allSatisfy { $0 >= 0 },
      "reshape: \(shape) has \(shape.elementCount) elements, \(target) \(target.elementCount)")
    let node = recorder.tape[index]
    if case .fill(let value) = node.operation {
      return Tensor(recorder, recorder.tape.append(.fill(value), shape: target))
    }
    if case .reshape = node.operation {
      return Tensor(recorder, node.operands[0]).reshaped(target)
    }
    return recording(.reshape, shape: target)
  }

  /// The axes in another order: axis `i` of the result is axis `permutation[i]` of this tensor.
  ///
  /// - Parameter permutation: default: all axes reversed.
  public func transposed(_ permutation: [Int]? = nil) -> Tensor {
    let permutation = permutation ?? Array(shape.indices.reversed())
    require(
      permutation.sorted() == Array(shape.indices),
      "transpose: \(permutation) is no order of the axes of \(shape)")
    guard permutation != Array(shape.indices) else { return self }
    let node = recorder.tape[index]
    switch node.operation {
    case .transpose(let inner):
      return Tensor(recorder, node.operands[0]).transposed(permutation.map { inner[$0] })
    case .matrixProduct(let left, let right) where permutation.swapsLastTwoAlone:
      // (A·B)ᵀ = Bᵀ·Aᵀ
      return Tensor(recorder, node.operands[1]).recording(
        .matrixProduct(transposeLeft: !right, transposeRight: !left),
        with: [Tensor(recorder, node.operands[0])], shape: permutation.map { shape[$0] })
    default:
      return recording(
        .transpose(permutation: permutation), shape: permutation.map { shape[$0] })
    }
  }

  /// The same values, as a constant to differentiation.
  public func detached() -> Tensor { recording(.detach, shape: shape) }

  /// The sum along `axes`.
  ///
  /// - Parameters:
  ///   - axes: default: all.
  ///   - keepingAxes: whether summed axes stay with extent 1; default: false.
  public func sum(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.sum, axes, keepingAxes)
  }

  /// The mean along `axes`; default: all.
  public func mean(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = axes ?? Array(shape.indices)
    let total = sum(axes, keepingAxes: true)
    let mean = total * .constant(1 / Double(axes.reduce(1) { $0 * shape[$1] }))
    return keepingAxes ? mean : mean.reshaped(shape.removing(axes))
  }

  /// The greatest element along `axes`; default: all. NaN if any element is.
  public func max(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.maximum, axes, keepingAxes)
  }

  /// The index of the first of the greatest elements along `axis`, as a number.
  public func argmax(_ axis: Int, keepingAxes: Bool = false) -> Tensor {
    reduced(.indexOfMaximum, [axis], keepingAxes)
  }

  /// The place of the first of the greatest elements among those along `axes`, in their order, as a number.
  public func argmax(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    reduced(.indexOfMaximum, axes, keepingAxes)
  }

  /// This tensor, but to differentiation `other`, which has the same elements.
  func differentiated(as other: Tensor) -> Tensor {
    recording(.known, with: [other], shape: shape)
  }

  private func reduced(
    _ reduction: Tape.Reduction, _ axes: [Int]?, _ keepingAxes: Bool
  ) -> Tensor {
    let axes = (axes ?? Array(shape.indices)).sorted()
    require(
      axes.allSatisfy(shape.indices.contains) && Set(axes).count == axes.count,
      "\(reduction): \(axes) are not axes of \(shape)")
    let kept = shape.collapsed(along: axes)
    let result =
      axes.isEmpty ? self : recording(.reduce(reduction, axes: axes), shape: kept)
    return keepingAxes ? result : result.reshaped(shape.removing(axes))
  }

  /// For whole numbers c in `0..<classes`, a new last axis that is 1 at c and else 0.
  public func oneHot(_ classes: Int) -> Tensor {
    let target = shape + [classes]
    let coordinate = Tensor(
      recorder, recorder.tape.append(.coordinate(axis: shape.count), shape: target))
    return reshaped(shape + [1]).broadcast(to: target).isEqual(to: coordinate)
  }
}
