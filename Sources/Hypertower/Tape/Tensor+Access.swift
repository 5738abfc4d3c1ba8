extension Tensor {
  /// A view of `shape`; see `Access`.
  func accessed(_ access: Access, shape: Shape) -> Tensor {
    recording(.access(access), shape: shape)
  }

  /// What this cotangent of a view means for the tensor of shape `tensorShape` that it is a view of.
  func adjoint(of access: Access, tensorShape: Shape) -> Tensor {
    guard let (own, further) = access.adjoint(tensorShape: tensorShape, viewShape: shape) else {
      fatalError("gradients: \(access) of \(tensorShape) has no adjoint")
    }
    let all = accessed(own, shape: tensorShape + further)
    guard !further.isEmpty else { return all }
    return all.sum(Array(tensorShape.count..<all.shape.count))
  }

  /// Axis number `axis`, counted from the end if it is negative.
  func axisNumber(_ axis: Int, _ operation: String) -> Int {
    let number = axis < 0 ? axis + shape.count : axis
    require(shape.indices.contains(number), "\(operation): \(shape) has no axis \(axis)")
    return number
  }

  /// Elements `range` along an axis, every `step`th of them: `[…, n, …] → […, ⌈range.count / step⌉, …]`.
  ///
  /// - Parameters:
  ///   - range: within `0..<n`.
  ///   - axis: counted from the end if it is negative.
  ///   - step: default: 1.
  public func sliced(_ range: Range<Int>, axis: Int, step: Int = 1) -> Tensor {
    let axis = axisNumber(axis, "sliced")
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[axis] && step > 0,
      "sliced: \(range) by \(step) does not lie in axis \(axis) of \(shape)")
    guard range != 0..<shape[axis] || step != 1 else { return self }
    var target = shape
    target[axis] = (range.count + step - 1) / step
    return accessed(
      .along(axis, rank: shape.count, start: range.lowerBound, step: step), shape: target)
  }

  /// Element `index` along an axis, which goes away: `[…, n, …] → […, …]`.
  public func element(_ index: Int, axis: Int) -> Tensor {
    let axis = axisNumber(axis, "element")
    return sliced(index..<index + 1, axis: axis).reshaped(shape.removing([axis]))
  }

  /// The tensor in parts of the given sizes along an axis, whose extent they add up to.
  public func split(_ sizes: [Int], axis: Int) -> [Tensor] {
    let axis = axisNumber(axis, "split")
    require(
      sizes.reduce(0, +) == shape[axis] && sizes.allSatisfy { $0 >= 0 },
      "split: \(sizes) do not add up to axis \(axis) of \(shape)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(start..<start + size, axis: axis)
    }
  }

  /// The elements in reverse order along an axis.
  public func flipped(axis: Int) -> Tensor {
    let axis = axisNumber(axis, "flipped")
    return accessed(
      .along(axis, rank: shape.count, start: shape[axis] - 1, step: -1), shape: shape)
  }

  /// The tensor with `before` further elements before and `after` after those along an axis:
  /// `[…, n, …] → […, before + n + after, …]`.
  ///
  /// - Parameters:
  ///   - before: may be negative: so many elements are left out.
  ///   - after: likewise.
  ///   - axis: counted from the end if it is negative.
  ///   - value: what the further elements are; default: 0.
  public func padded(before: Int, after: Int, axis: Int, value: Double = 0) -> Tensor {
    let axis = axisNumber(axis, "padded")
    guard before != 0 || after != 0 else { return self }
    var target = shape
    target[axis] += before + after
    require(
      target[axis] >= 0,
      "padded: \(before) before and \(after) after axis \(axis) of \(shape) leave less than nothing"
    )
    return accessed(
      .along(axis, rank: shape.count, start: -before, step: 1, outside: value), shape: target)
  }

  /// All windows over some axes: `[…, n, …] → […, places, …, size]`, a further axis behind all for each of
  /// `axes`, in their order.
  ///
  /// Along an axis there are ⌊(n + before + after − dilation · (size − 1) − 1) / stride⌋ + 1 places.
  ///
  /// - Parameters:
  ///   - axes: counted from the end if they are negative.
  ///   - sizes: the number of elements of a window along each of them.
  ///   - strides: the distances of neighbouring windows; default: 1.
  ///   - padding: how many elements there are before and after those of the tensor; default: none.
  ///   - dilations: the distances of neighbours in a window; default: 1.
  ///   - value: what padding is; default: 0.
  public func windows(
    axes: [Int], sizes: [Int], strides: [Int]? = nil, padding: [(before: Int, after: Int)]? = nil,
    dilations: [Int]? = nil, value: Double = 0
  ) -> Tensor {
    let axes = axes.map { axisNumber($0, "windows") }
    let strides = strides ?? axes.map { _ in 1 }
    let padding = padding ?? axes.map { _ in (0, 0) }
    let dilations = dilations ?? axes.map { _ in 1 }
    require(
      [sizes.count, strides.count, padding.count, dilations.count].allSatisfy { $0 == axes.count }
        && (sizes + strides + dilations).allSatisfy { $0 > 0 },
      "windows: sizes \(sizes), strides \(strides) and dilations \(dilations) must be positive, one for "
        + "each of \(axes.count) axes")
    var target = shape
    for (number, axis) in axes.enumerated() {
      let room = shape[axis] + padding[number].before + padding[number].after
      let reach = dilations[number] * (sizes[number] - 1) + 1
      require(
        room >= reach,
        "windows: of \(reach) elements do not fit into axis \(axis) of \(shape) with padding "
          + "\(padding[number].before) and \(padding[number].after)")
      target[axis] = (room - reach) / strides[number] + 1
    }
    return accessed(
      .windows(
        axes, rank: shape.count, starts: padding.map { -$0.before }, strides: strides,
        dilations: dilations, outside: value), shape: target + sizes)
  }

  /// Tensors one after another along an axis; their other extents are equal.
  public static func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
    require(!tensors.isEmpty, "concatenated: there are no tensors")
    let axis = tensors[0].axisNumber(axis, "concatenated")
    for tensor in tensors {
      require(
        tensor.shape.count == tensors[0].shape.count
          && tensor.shape.removing([axis]) == tensors[0].shape.removing([axis]),
        "concatenated: \(tensor.shape) and \(tensors[0].shape) differ beside axis \(axis)")
    }
    let extent = tensors.reduce(0) { $0 + $1.shape[axis] }
    var end = extent
    var result: Tensor?
    for tensor in tensors.reversed() {
      let start = end - tensor.shape[axis]
      let placed = tensor.padded(before: start, after: extent - end, axis: axis)
      if let further = result {
        let coordinate = placed.coordinate(axis: axis)
        result = .select(coordinate.isLess(than: .constant(Double(end))), placed, further)
      } else {
        result = placed
      }
      end = start
    }
    return result!
  }

  /// Tensors of one shape side by side along a new axis: `[…] → […, count, …]`.
  public static func stacked(_ tensors: [Tensor], axis: Int) -> Tensor {
    require(!tensors.isEmpty, "stacked: there are no tensors")
    let rank = tensors[0].shape.count + 1
    let axis = axis < 0 ? axis + rank : axis
    require(axis >= 0 && axis < rank, "stacked: \(tensors[0].shape) can have no axis \(axis)")
    return concatenated(
      tensors.map { tensor in
        var shape = tensor.shape
        shape.insert(1, at: axis)
        return tensor.reshaped(shape)
      }, axis: axis)
  }

  /// For each element its index along an axis, as a number.
  public func coordinate(axis: Int) -> Tensor {
    let axis = axisNumber(axis, "coordinate")
    return Tensor(recorder, recorder.tape.append(.coordinate(axis: axis), shape: shape))
  }

  /// Sums over all elements up to each one along an axis, itself included.
  public func cumulativeSum(axis: Int) -> Tensor {
    let axis = axisNumber(axis, "cumulativeSum")
    // A window that ends at each element.
    let extent = shape[axis]
    guard extent > 0 else { return self }
    return windows(axes: [axis], sizes: [extent], padding: [(extent - 1, 0)])
      .sum([shape.count])
  }
}
