/// Folds that are made of sums and maxima.
extension Tensor {
  /// The least element along `axes`; default: all. NaN if any element is.
  public func min(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    -(-self).max(axes, keepingAxes: keepingAxes)
  }

  /// The variance along `axes`: the mean of the squared distances from the mean.
  ///
  /// - Parameters:
  ///   - axes: default: all.
  ///   - keepingAxes: whether the axes stay with extent 1; default: false.
  ///   - isUnbiased: whether the n squares are added up and divided by n − 1, which makes NaN of a single
  ///     number, instead of n; default: true.
  public func variance(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, isUnbiased: Bool = true
  ) -> Tensor {
    let axes = axes ?? Array(shape.indices)
    let centred = self - mean(axes, keepingAxes: true)
    let squares = centred * centred
    guard isUnbiased else { return squares.mean(axes, keepingAxes: keepingAxes) }
    let count = axes.reduce(1) { $0 * shape[$1] }
    return squares.sum(axes, keepingAxes: keepingAxes) * .constant(1 / Double(count - 1))
  }

  /// The product of all elements along `axes`, also where some are 0.
  ///
  /// - Parameters:
  ///   - axes: default: all.
  ///   - keepingAxes: whether the axes stay with extent 1; default: false.
  public func product(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = (axes ?? Array(shape.indices)).sorted()
    require(
      axes.allSatisfy(shape.indices.contains) && Set(axes).count == axes.count,
      "product: \(axes) are not axes of \(shape)")
    let kept = shape.indices.filter { !axes.contains($0) }
    let target = keepingAxes ? shape.collapsed(along: axes) : kept.map { shape[$0] }
    // [kept, folded]: halves are multiplied until one element is left.
    let (rows, count) = (
      kept.reduce(1) { $0 * shape[$1] }, axes.reduce(1) { $0 * shape[$1] }
    )
    guard count > 0 else { return Tensor(repeating: 1, shape: target) }
    var result = transposed(kept + axes).reshaped([rows, count])
    while result.shape[1] > 1 {
      let half = (result.shape[1] + 1) / 2
      let rest = result.shape[1] - half
      let second = result.sliced(half..<half + rest, axis: 1)
      result =
        result.sliced(0..<half, axis: 1)
        * second.padded(before: 0, after: half - rest, axis: 1, value: 1)
    }
    return result.reshaped(target)
  }

  /// log Σ e^x along `axes`.
  ///
  /// The greatest element is subtracted first, so that no exponential overflows.
  ///
  /// - Parameters:
  ///   - axes: default: all.
  ///   - keepingAxes: whether the axes stay with extent 1; default: false.
  public func logSumExp(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = axes ?? Array(shape.indices)
    let greatest = max(axes, keepingAxes: true).detached()
    // Of infinities only, log 0 or log ∞ remains.
    let shift = Tensor.select(greatest.isFinite, greatest, 0)
    let sum = (self - shift).exp().sum(axes, keepingAxes: true)
    let result = sum.log() + shift
    return keepingAxes ? result : result.reshaped(shape.removing(axes))
  }

  /// e^x / Σ e^x along an axis; NaN where all of its elements are −∞.
  ///
  /// - Parameter axis: counted from the end if it is negative; default: the last.
  public func softmax(axis: Int = -1) -> Tensor {
    let axis = axisNumber(axis, "softmax")
    let exponentials = (self - max([axis], keepingAxes: true).detached()).exp()
    return exponentials / exponentials.sum([axis], keepingAxes: true)
  }

  /// log(e^x / Σ e^x) along an axis.
  ///
  /// The greatest element is subtracted first, so that no exponential overflows; the result does
  /// not depend on it, so no gradient flows through it.
  ///
  /// - Parameter axis: counted from the end if it is negative; default: the last.
  public func logSoftmax(axis: Int = -1) -> Tensor {
    require(!shape.isEmpty, "logSoftmax: a single number has no axis")
    let axis = axisNumber(axis, "logSoftmax")
    let shifted = self - max([axis], keepingAxes: true).detached()
    return shifted - shifted.exp().sum([axis], keepingAxes: true).log()
  }
}
