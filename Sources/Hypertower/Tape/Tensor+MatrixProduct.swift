extension Tensor {
  /// The matrix product, `[…, m, k] · […, k, n] → […, m, n]`, for each pair of matrices along the leading
  /// axes, which are stretched to one shape.
  ///
  /// - Parameters:
  ///   - other: the right operand.
  ///   - transposeLeft: whether this tensor is `[…, k, m]`; default: false.
  ///   - transposeRight: whether `other` is `[…, n, k]`; default: false.
  public func matmul(
    _ other: Tensor, transposeLeft: Bool = false, transposeRight: Bool = false
  ) -> Tensor {
    require(
      shape.count >= 2 && other.shape.count >= 2,
      "matmul: \(shape) · \(other.shape): both must have at least two axes")
    let (matrix, otherMatrix) = (Shape(shape.suffix(2)), Shape(other.shape.suffix(2)))
    let (rows, inner) = transposeLeft ? (matrix[1], matrix[0]) : (matrix[0], matrix[1])
    let (otherInner, columns) =
      transposeRight ? (otherMatrix[1], otherMatrix[0]) : (otherMatrix[0], otherMatrix[1])
    require(
      inner == otherInner,
      "matmul: \(shape) · \(other.shape): inner sizes \(inner) and \(otherInner) differ")
    let (leading, otherLeading) = (Shape(shape.dropLast(2)), Shape(other.shape.dropLast(2)))
    guard let common = leading.broadcast(with: otherLeading) else {
      fatalError("matmul: \(shape) · \(other.shape): leading axes do not fit")
    }
    // Rows of many matrices by one matrix are rows of one product.
    if !common.isEmpty, !transposeLeft, otherLeading.elementCount == 1, leading == common {
      let one = reshaped([common.elementCount * rows, inner])
      return one.matmul(other.reshaped(otherMatrix), transposeRight: transposeRight)
        .reshaped(common + [rows, columns])
    }
    if common.isEmpty, !transposeLeft, let chosen = chosenRows, chosen.table.shape[0] * 2 <= rows {
      return chosen.table.matmul(other, transposeRight: transposeRight).rows(at: chosen.indices)
    }
    let (left, leftFlipped) = broadcast(to: common + matrix).untransposed
    let (right, rightFlipped) = other.broadcast(to: common + otherMatrix).untransposed
    return left.recording(
      .matrixProduct(
        transposeLeft: transposeLeft != leftFlipped,
        transposeRight: transposeRight != rightFlipped),
      with: [right], shape: common + [rows, columns])
  }

  /// The tensor that this one is with its last two axes swapped, if it is so.
  private var untransposed: (Tensor, isTransposed: Bool) {
    let node = recorder.tape[index]
    guard case .transpose(let permutation) = node.operation, permutation.swapsLastTwoAlone
    else { return (self, false) }
    return (Tensor(recorder, node.operands[0]), true)
  }
}

extension [Int] {
  /// Whether this order of axes swaps the last two and leaves the others where they are.
  var swapsLastTwoAlone: Bool {
    count >= 2 && self == Array(0..<count - 2) + [count - 1, count - 2]
  }
}
