import Hypertower

/// Single operations of any kind on tensors of any shape, from none to four axes.
struct OperationGenerator {
  private var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed) }

  mutating func next() -> OperationCase {
    let shape = shape()
    let x = random.tensor(shape)
    let sourced: (String, Tensor, OperationCase.Promise) =
      switch Int.random(in: 0..<20, using: &random) {
      case 0: unary(shape)
      case 1, 2: binary(shape)
      case 3:
        ("select", .select(x.isLess(than: random.tensor(shape)), x, random.tensor(shape)), .exact)
      case 4: oneHot(shape)
      case 5: ("broadcast", broadcast(shape), .exact)
      case 6: ("transpose", x.transposed(shape.indices.shuffled(using: &random)), .exact)
      case 7: ("reshape", x.reshaped(shape.isEmpty ? [1, 1] : [shape.elementCount]), .exact)
      case 8, 9: product()
      case 10: reduction(x)
      case 11: shape.isEmpty || shape.contains(0) ? ("negate", -x, .exact) : normalization(x)
      case 12: loss()
      case 13: batchedProduct()
      case 14, 15: convolution()
      case 16: pooling()
      case 17, 18: gather(x)
      default: access(x)
      }
    return OperationCase("\(sourced.0) \(shape)", sourced.1, sourced.2)
  }

  // MARK: Shapes

  /// Mostly small, at times around a vector's or a work-group's length, seldom none.
  private mutating func extent(_ most: Int) -> Int {
    let greatest =
      switch Int.random(in: 0..<40, using: &random) {
      case 0: 0
      case 1..<20: 5
      case 20..<35: 40
      default: 300
      }
    return Swift.min(most, greatest == 0 ? 0 : Int.random(in: 1...greatest, using: &random))
  }

  private mutating func shape() -> Shape {
    var left = 6000
    return (0..<Int.random(in: 0...4, using: &random)).map { _ in
      let extent = extent(Swift.max(1, left))
      left /= Swift.max(1, extent)
      return extent
    }
  }

  /// The shape with some axes of extent 1, or without the first ones: what broadcasts to it.
  private mutating func narrowed(_ shape: Shape) -> Shape {
    let narrow = shape.map { Bool.random(using: &random) ? $0 : 1 }
    return Array(narrow.dropFirst(Int.random(in: 0...narrow.count, using: &random)))
  }

  // MARK: Operations

  private mutating func unary(_ shape: Shape) -> (String, Tensor, OperationCase.Promise) {
    let operation = UnaryOperation.allCases.randomElement(using: &random)!
    let isPositive = [.logarithm, .squareRoot].contains(operation)
    return (
      "\(operation)",
      .applying(operation, to: random.tensor(shape, in: isPositive ? 0.01...9 : -3...3)),
      [.negate, .relu, .floor].contains(operation) ? .exact : .elementwise
    )
  }

  private mutating func binary(_ shape: Shape) -> (String, Tensor, OperationCase.Promise) {
    let operation = BinaryOperation.allCases.randomElement(using: &random)!
    let isPower = operation == .power
    let x = random.tensor(narrowed(shape), in: isPower ? 0.1...5 : -2...2)
    let y = random.tensor(shape)
    let promise: OperationCase.Promise =
      [.less, .equal].contains(operation) ? .exact : .elementwise
    return isPower || Bool.random(using: &random)
      ? ("\(operation)", .applying(operation, to: x, and: y), promise)
      : ("\(operation)", .applying(operation, to: y, and: x), promise)
  }

  private mutating func oneHot(_ shape: Shape) -> (String, Tensor, OperationCase.Promise) {
    let classes = Int.random(in: 1...20, using: &random)
    let labels = (0..<shape.elementCount).map { _ in
      Float(Int.random(in: 0..<classes, using: &random))
    }
    return ("oneHot of \(classes)", Tensor(labels, shape: shape).oneHot(classes), .exact)
  }

  private mutating func broadcast(_ shape: Shape) -> Tensor {
    random.tensor(narrowed(shape)).broadcast(to: shape)
  }

  private mutating func product() -> (String, Tensor, OperationCase.Promise) {
    let (m, k, n) = (extent(300), extent(300), extent(300))
    let (left, right) = (Bool.random(using: &random), Bool.random(using: &random))
    let product = random.tensor(left ? [k, m] : [m, k]).matmul(
      random.tensor(right ? [n, k] : [k, n]), transposeLeft: left, transposeRight: right)
    return ("product \(m), \(k), \(n), \(left), \(right)", product, .summing)
  }

  private mutating func batchedProduct() -> (String, Tensor, OperationCase.Promise) {
    let (m, k, n) = (extent(40), extent(300), extent(60))
    let (left, right) = (Bool.random(using: &random), Bool.random(using: &random))
    let leading = [[3], [1], [2, 3], [2, 1], [1, 3]]
    let (own, other) = (
      leading.randomElement(using: &random)!, leading.randomElement(using: &random)!
    )
    let x = random.tensor(
      (own[0] == 3 && other == [2, 1] ? [1] : own) + (left ? [k, m] : [m, k]))
    let y = random.tensor((other == [3] && own[0] == 2 ? [1] : other) + (right ? [n, k] : [k, n]))
    let product = x.matmul(y, transposeLeft: left, transposeRight: right)
    return (
      "product \(x.shape), \(y.shape), \(left), \(right)",
      Bool.random(using: &random) ? product : product + random.tensor(narrowed(product.shape)),
      .summing
    )
  }

  /// A convolution or what it sends back, of results that lie with their channels last.
  private mutating func convolution() -> (String, Tensor, OperationCase.Promise) {
    let axes = Int.random(in: 1...2, using: &random)
    func each(_ range: ClosedRange<Int>) -> [Int] {
      (0..<axes).map { _ in Int.random(in: range, using: &random) }
    }
    let groups = Int.random(in: 1...2, using: &random)
    let (inputs, outputs) = (extent(5) * groups, extent(20) * groups)
    let sizes = each(1...4)
    let (strides, padding, dilations) = (each(1...3), each(0...2), each(1...2))
    let extents = (0..<axes).map { axis in
      Swift.max(1, dilations[axis] * (sizes[axis] - 1) + 1 - 2 * padding[axis])
        + Int.random(in: 0...9, using: &random)
    }
    let batch = Int.random(in: 1...3, using: &random)
    guard inputs > 0, outputs > 0 else { return ("negate", -random.tensor([3]), .exact) }
    let x = random.tensor([batch, inputs] + extents)
    let weight = random.tensor([outputs, inputs / groups] + sizes)
    let bias = random.tensor([outputs])
    let name =
      "convolution \(x.shape), \(weight.shape), \(strides), \(padding), \(dilations), \(groups)"
    func result(_ x: Tensor, _ weight: Tensor) -> Tensor {
      x.convolution(
        weight, bias: bias, strides: strides, padding: padding, dilations: dilations,
        groups: groups)
    }
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      // Normalized, added, folded: in the order of its channels, or not.
      let y = result(x, weight)
      let centred = y - y.mean([0] + (0..<axes).map { $0 + 2 }, keepingAxes: true)
      return ("\(name), centred", (centred + random.tensor(y.shape)).sum([1]), .summing)
    case 1: return (name, result(x, weight), .summing)
    default:
      let cotangent = random.tensor(result(x, weight).shape)
      let sources = [x, weight]
      let back = gradients(of: (result(x, weight) * cotangent).sum(), withRespectTo: sources)
      let number = Int.random(in: 0...1, using: &random)
      guard Bool.random(using: &random) else {
        return ("\(name), sent back to \(number)", back[number], .summing)
      }
      // By each operand of what is sent back to the other.
      let again = gradients(
        of: (back[number] * random.tensor(back[number].shape)).sum(),
        withRespectTo: [sources[1 - number], cotangent])
      return (
        "\(name), sent back twice", again[Int.random(in: 0...1, using: &random)], .summing
      )
    }
  }

  private mutating func pooling() -> (String, Tensor, OperationCase.Promise) {
    let size = Int.random(in: 1...3, using: &random)
    let pool = MaxPool2D(
      size, stride: Int.random(in: 1...3, using: &random),
      padding: Int.random(in: 0...size / 2, using: &random))
    let x = random.tensor([2, extent(20) + 1, size + 4, size + 7])
    let pooled = pool(x.transposed([0, 1, 3, 2]))
    let cotangent = random.tensor(pooled.shape)
    return Bool.random(using: &random)
      ? ("greatest of \(x.shape) by \(size)", pooled, .exact)
      : (
        "greatest of \(x.shape) by \(size), sent back",
        gradients(of: (pooled * cotangent).sum(), withRespectTo: [x])[0], .summing
      )
  }

  private mutating func access(_ x: Tensor) -> (String, Tensor, OperationCase.Promise) {
    guard let axis = x.shape.indices.randomElement(using: &random), !x.shape.contains(0) else {
      return ("negate", -x, .exact)
    }
    let extent = x.shape[axis]
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let start = Int.random(in: 0..<extent, using: &random)
      let step = Int.random(in: 1...3, using: &random)
      return (
        "slice of axis \(axis) from \(start) by \(step)",
        x.sliced(start..<extent, axis: axis, step: step), .exact
      )
    case 1: return ("flip of axis \(axis)", x.flipped(axis: axis), .exact)
    case 2:
      let before = Int.random(in: -extent...3, using: &random)
      return (
        "axis \(axis) padded by \(before)",
        x.padded(before: before, after: 2, axis: axis, value: -.infinity), .exact
      )
    default:
      let size = Int.random(in: 1...Swift.min(3, extent), using: &random)
      let windows = x.windows(
        axes: [axis], sizes: [size], strides: [Int.random(in: 1...3, using: &random)],
        padding: [(Int.random(in: 0...2, using: &random), 1)],
        dilations: [size == 1 || extent < 5 ? 1 : 2])
      // Sent back: the adjoint of windows.
      let back = gradients(
        of: (windows * random.tensor(windows.shape)).sum(), withRespectTo: [x])[0]
      return Bool.random(using: &random)
        ? ("windows of \(size) over axis \(axis)", windows, .exact)
        : ("windows of \(size) over axis \(axis), sent back", back, .summing)
    }
  }

  /// Mostly rows that are there, also before and behind all and between two.
  private mutating func indices(_ shape: Shape, of count: Int) -> Tensor {
    let values = (0..<shape.elementCount).map { _ -> Float in
      switch Int.random(in: 0..<20, using: &random) {
      case 0: Float(Int.random(in: -3..<0, using: &random))
      case 1: Float(count + Int.random(in: 0..<3, using: &random))
      case 2: Float(Int.random(in: 0...count, using: &random)) + 0.5
      case 3: .nan
      default: count == 0 ? 0 : Float(Int.random(in: 0..<count, using: &random))
      }
    }
    return Tensor(values, shape: shape)
  }

  /// Elements by their numbers, what is sent back to them, or numbers that differ along the other axes.
  private mutating func gather(_ x: Tensor) -> (String, Tensor, OperationCase.Promise) {
    guard let axis = x.shape.indices.randomElement(using: &random) else {
      return ("negate", -x, .exact)
    }
    let count = x.shape[axis]
    if Bool.random(using: &random) {
      var shape = x.shape
      shape[axis] = extent(20)
      let indices = indices(shape, of: count)
      let chosen = x.gatherAlongAxis(indices, axis: axis)
      guard Bool.random(using: &random) else {
        return ("gather along axis \(axis) at \(shape)", chosen, .exact)
      }
      let back = gradients(
        of: (chosen * random.tensor(shape)).sum(), withRespectTo: [x])[0]
      return ("gather along axis \(axis) at \(shape), sent back", back, .summing)
    }
    let shape = (0..<Int.random(in: 0...2, using: &random)).map { _ in extent(5) }
    let indices = indices(shape, of: count)
    let chosen = x.gather(indices, axis: axis)
    switch Int.random(in: 0..<4, using: &random) {
    case 0 where !chosen.shape.isEmpty:
      return (
        "a padded function of a gather along axis \(axis) at \(shape)",
        (chosen * 2).padded(before: 1, after: 0, axis: 0), .exact
      )
    case 1:
      let back = gradients(
        of: (chosen * random.tensor(chosen.shape)).sum(), withRespectTo: [x])[0]
      return ("gather along axis \(axis) at \(shape), sent back", back, .summing)
    case 2:
      let rows = extent(40)
      return (
        "scatter to \(rows)",
        x.scatterAdd(self.indices([x.shape[0]], of: rows), count: rows), .summing
      )
    default: return ("gather along axis \(axis) at \(shape)", chosen, .exact)
    }
  }

  private mutating func reduction(_ x: Tensor) -> (String, Tensor, OperationCase.Promise) {
    var axes = x.shape.indices.filter { _ in Bool.random(using: &random) }
    let keeps = Bool.random(using: &random)
    // Nothing has no greatest element.
    let isEmpty = x.shape.contains(0)
    switch Int.random(in: 0..<(isEmpty ? 1 : 4), using: &random) {
    case 1: return ("max along \(axes)", x.max(axes, keepingAxes: keeps), .exact)
    case 2 where !x.shape.isEmpty:
      axes = [x.shape.indices.randomElement(using: &random)!]
      return ("argmax along \(axes)", x.argmax(axes[0], keepingAxes: keeps), .exact)
    case 3: return ("mean along \(axes)", x.mean(axes, keepingAxes: keeps), .summing)
    default: return ("sum along \(axes)", x.sum(axes, keepingAxes: keeps), .summing)
    }
  }

  private mutating func normalization(_ x: Tensor) -> (String, Tensor, OperationCase.Promise) {
    ("log-softmax", (x * 4).logSoftmax(), .logSoftmax)
  }

  private mutating func loss() -> (String, Tensor, OperationCase.Promise) {
    let (rows, columns) = (Swift.max(1, extent(300)), Swift.max(1, extent(40)))
    let x = random.tensor([rows, columns], in: -3...3)
    if Bool.random(using: &random) {
      return (
        "mean squared error [\(rows), \(columns)]",
        x.meanSquaredError(random.tensor([rows, columns])), .elementwise
      )
    }
    let labels = Tensor(
      (0..<rows).map { _ in Float(Int.random(in: 0..<columns, using: &random)) })
    // A loss of one class is 0.
    return ("cross-entropy [\(rows), \(columns)]", x.crossEntropy(labels) + 1, .elementwise)
  }
}
