/// Elements that are chosen by numbers in another tensor, and the adjoint, which adds them up.
///
/// Indices are whole numbers from 0 on. What is none, or is too great, chooses NaN, and what would be added there is
/// left out. In float32 numbers are whole up to 2²⁴, so that an axis may have no more elements.
extension Tensor {
  /// The elements at `indices` along an axis, as NumPy's `take`: `[…, n, …]` at indices of any shape
  /// → `[…] + indices.shape + […]`; of a table `[rows, width]`, rows, `indices.shape + [width]`.
  ///
  /// An index that is no whole number in `0..<n` gives NaN, and no gradient.
  ///
  /// - Parameters:
  ///   - indices: whole numbers.
  ///   - axis: counted from the end if it is negative; default: 0.
  public func gather(_ indices: Tensor, axis: Int = 0) -> Tensor {
    let axis = indexedAxis(axis, indices, "gather")
    let (before, after) = (Shape(shape[..<axis]), Shape(shape[(axis + 1)...]))
    let leading = before.isEmpty ? [] : [before.elementCount]
    let count = indices.shape.elementCount
    let table = reshaped(leading + [shape[axis], after.elementCount])
    return table.rows(at: indices.reshaped([count]).broadcast(to: leading + [count]))
      .reshaped(before + indices.shape + after)
  }

  /// For each of `count` rows the sum of those of this tensor's whose index it is, the adjoint of `gather`:
  /// `indices.shape + […] → [count, …]`.
  ///
  /// Rows of equal indices are added in their order. What has an index that is no whole number in `0..<count` is left
  /// out.
  ///
  /// - Parameters:
  ///   - indices: whole numbers, of the shape of this tensor's first axes.
  ///   - count: the number of rows, at most 2²⁴.
  public func scatterAdd(_ indices: Tensor, count: Int) -> Tensor {
    let rank = indices.shape.count
    require(
      shape.prefix(rank) == indices.shape[...],
      "scatterAdd: \(shape) at indices \(indices.shape): the first axes differ")
    require(
      0...Self.mostRows ~= count,
      "scatterAdd: \(shape) at indices \(indices.shape): \(count) rows do not lie in 0...\(Self.mostRows)"
    )
    let after = Shape(shape[rank...])
    let number = indices.shape.elementCount
    return reshaped([number, after.elementCount])
      .addingRows(at: indices.reshaped([number]), count: count)
      .reshaped([count] + after)
  }

  /// Along an axis the elements at `indices`, which differ with the place along the other axes, as PyTorch's
  /// `gather` and NumPy's `take_along_axis`: `[…, n, …]` at `[…, m, …]` → `[…, m, …]`.
  ///
  /// An index that is no whole number in `0..<n` gives NaN, and no gradient.
  ///
  /// - Parameters:
  ///   - indices: whole numbers; their shape differs from this tensor's along the axis at most.
  ///   - axis: counted from the end if it is negative.
  public func gatherAlongAxis(_ indices: Tensor, axis: Int) -> Tensor {
    let axis = indexedAxis(axis, indices, "gatherAlongAxis")
    require(
      indices.shape.count == shape.count
        && indices.shape.removing([axis]) == shape.removing([axis]),
      "gatherAlongAxis: \(shape) at indices \(indices.shape): they differ beside axis \(axis)")
    let (before, after) = (shape[..<axis].elementCount, shape[(axis + 1)...].elementCount)
    /// `[…, extent, …] → [before, after, extent]`
    func withAxisLast(_ tensor: Tensor) -> Tensor {
      tensor.reshaped([before, tensor.shape[axis], after]).transposed([0, 2, 1])
    }
    let table = withAxisLast(self)
    return table.reshaped(table.shape + [1]).rows(at: withAxisLast(indices))
      .reshaped([before, after, indices.shape[axis]]).transposed([0, 2, 1])
      .reshaped(indices.shape)
  }
}

extension Tensor {
  /// The most elements of an axis whose numbers are whole in float32.
  private static let mostRows = 1 << 24

  private func indexedAxis(_ axis: Int, _ indices: Tensor, _ operation: String) -> Int {
    let number = axis < 0 ? axis + shape.count : axis
    require(
      shape.indices.contains(number),
      "\(operation): \(shape) at indices \(indices.shape): there is no axis \(axis)")
    require(
      shape[number] <= Self.mostRows,
      "\(operation): \(shape) at indices \(indices.shape): axis \(axis) has more than \(Self.mostRows) elements"
    )
    return number
  }

  /// See `Tape.Operation.gather`.
  func rows(at indices: Tensor, isZeroOutside: Bool = false) -> Tensor {
    recording(
      .gather(isZeroOutside: isZeroOutside), with: [indices], shape: indices.shape + shape.suffix(1)
    )
  }

  /// See `Tape.Operation.scatterAdd`.
  func addingRows(at indices: Tensor, count: Int) -> Tensor {
    recording(
      .scatterAdd, with: [indices], shape: Shape(shape.dropLast(2)) + [count] + shape.suffix(1))
  }
}
