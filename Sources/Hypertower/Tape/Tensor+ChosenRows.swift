/// Rows of a table that were chosen by numbers, as an embedding does: the same rows of a product are those of the
/// table's product, T[i]·W = (T·W)[i], which multiplies each row of the table once however often it is chosen.
///
/// In the gradient of W rows that are not chosen count 0 times, so all must be finite for it to be.
extension Tensor {
  /// The table, `[rows, width]`, and the numbers, `[count]`, if this tensor is such rows, `[count, width]`.
  ///
  /// Between the choice and here axes before the last may have been cut up, joined and put into another order: so are
  /// the numbers then.
  var chosenRows: (table: Tensor, indices: Tensor)? {
    guard let (table, indices) = choiceOfRows else { return nil }
    return (table, indices.reshaped([shape[0]]))
  }

  /// The same of a tensor with more axes, `[…, width]`, with numbers `[…]`.
  private var choiceOfRows: (table: Tensor, indices: Tensor)? {
    let node = recorder.tape[index]
    guard let first = node.operands.first else { return nil }
    let operand = Tensor(recorder, first)
    switch node.operation {
    case .gather(isZeroOutside: false) where operand.shape.count == 2:
      return (operand, Tensor(recorder, node.operands[1]))
    case .reshape where shape.last == operand.shape.last && !shape.contains(0):
      guard let (table, indices) = operand.choiceOfRows else { return nil }
      return (table, indices.reshaped(Shape(shape.dropLast())))
    case .transpose(let permutation) where permutation.last == permutation.count - 1:
      guard let (table, indices) = operand.choiceOfRows else { return nil }
      return (table, indices.transposed(permutation.dropLast()))
    default:
      return nil
    }
  }
}
