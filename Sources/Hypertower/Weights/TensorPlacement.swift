/// Where a module's parameter or state, or some of its rows, lies in another library's file.
///
/// A tensor of such a file holds one placement's numbers, to which those of further placements of the same name may be
/// added: `Module.placements(in:)`.
public struct TensorPlacement {
  /// The tensor's name in the file.
  public let name: String
  let content: Content

  enum Content {
    case part(Part)
    /// The number of training steps, a whole number that is written and not read.
    case stepCount
  }

  struct Part {
    let tensor: Tensor
    /// The rows of `tensor` along its first axis; nil: all, or a tensor without axes.
    let rows: Range<Int>?
    /// The shape in which the rows are seen while their axes are exchanged; nil: their own.
    let seenAs: Shape?
    /// The axes in the file's order; nil: as they are.
    let axes: [Int]?
    /// Whether the numbers are added to what another placement of the same name holds; they are read as zeros.
    let isAddend: Bool
  }

  /// - Parameters:
  ///   - name: the tensor's name in the file.
  ///   - tensor: a parameter or state of the module.
  ///   - rows: those of its rows along the first axis that the file's tensor holds; default: all.
  ///   - axes: its axes in the file's order, `[0, 2, 3, 1]` where the file has the second axis last; default: the same.
  ///   - seenAs: a shape of as many elements, whose axes `axes` exchanges, after which the file's tensor has its own
  ///     number of axes again; default: the tensor's own.
  ///   - isAddend: whether the numbers are added to those of another placement of this name, from their first row on;
  ///     what is read is then 0; default: false.
  public init(
    _ name: String, _ tensor: Tensor, rows: Range<Int>? = nil, axes: [Int]? = nil,
    seenAs: Shape? = nil, isAddend: Bool = false
  ) {
    self.init(
      name,
      .part(Part(tensor: tensor, rows: rows, seenAs: seenAs, axes: axes, isAddend: isAddend)))
  }

  private init(_ name: String, _ content: Content) { (self.name, self.content) = (name, content) }

  /// The number of training steps, as PyTorch's batch normalization keeps it.
  public static func stepCount(_ name: String) -> TensorPlacement {
    TensorPlacement(name, .stepCount)
  }

  /// The same in a module of this name.
  public func within(_ module: String) -> TensorPlacement {
    TensorPlacement("\(module).\(name)", content)
  }
}

extension Sequence<TensorPlacement> {
  /// The same in a module of this name.
  public func within(_ module: String) -> [TensorPlacement] { map { $0.within(module) } }
}

extension TensorPlacement.Part {
  /// The shape of the rows in the module.
  var ownShape: Shape {
    guard let rows else { return tensor.shape }
    return [rows.count] + tensor.shape.dropFirst()
  }

  /// The shape of the file's tensor.
  var fileShape: Shape {
    guard let axes, seenAs == nil else { return ownShape }
    return axes.map { ownShape[$0] }
  }

  /// Whether it is all of its tensor, as it is.
  var isWhole: Bool { rows == nil && axes == nil && !isAddend }

  /// The elements of the parameter's rows, as the file has them.
  func written(_ values: [Double]) -> [Double] {
    let width = tensor.shape.dropFirst().reduce(1, *)
    let own = rows.map { Array(values[$0.lowerBound * width..<$0.upperBound * width]) } ?? values
    guard let axes else { return own }
    return transposed(own, shape: seenAs ?? ownShape, axes: axes)
  }

  /// The elements of the parameter's rows from those of the file.
  func read(_ values: [Double]) -> [Double] {
    guard !isAddend else { return [Double](repeating: 0, count: ownShape.elementCount) }
    guard let axes else { return values }
    let shape = seenAs ?? ownShape
    let back = axes.indices.map { axes.firstIndex(of: $0)! }
    return transposed(values, shape: axes.map { shape[$0] }, axes: back)
  }

  /// Elements of `shape` in the order in which its axes are `axes`.
  private func transposed(_ values: [Double], shape: Shape, axes: [Int]) -> [Double] {
    var strides = Shape(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var places = [0]
    for axis in axes {
      places = places.flatMap { place in
        (0..<shape[axis]).map { place + $0 * strides[axis] }
      }
    }
    return places.map { values[$0] }
  }
}
