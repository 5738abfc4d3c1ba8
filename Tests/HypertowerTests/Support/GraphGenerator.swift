import Hypertower

/// Random expression graphs, built one operation at a time with their values at hand, so that no
/// operation leaves the range where rounding stays small and no comparison hangs on rounding.
struct GraphGenerator {
  private var random: SeededRandom
  private let reference: ReferenceEvaluator
  /// All tensors so far; operands are drawn from them, so that nodes are used in many places.
  private var pool: [Tensor] = []
  /// Whether there are folds and products, or elementwise operations and views alone.
  private let folds: Bool
  /// Extents are few, so that shapes meet.
  private let extents: [Int]

  init(seed: UInt64, folds: Bool, reference: ReferenceEvaluator) {
    random = SeededRandom(seed)
    self.folds = folds
    self.reference = reference
    extents = [[1, 2, 3], [1, 3, 17], [2, 5], [1, 4, 33]].randomElement(using: &random)!
  }

  /// The outputs of a graph of about `size` operations: its last node, others, and now and then a
  /// leaf, a view, or one output twice.
  mutating func outputs(size: Int) -> [Tensor] {
    for _ in 0..<3 { pool.append(leaf()) }
    while pool.count < size {
      let next = step()
      let value = reference(next)
      // What has grown too large or too inexact to tell a fault from rounding is dropped.
      guard value.values.allSatisfy({ $0.magnitude < 1e4 }), value.errors.allSatisfy({ $0 < 1e-2 })
      else { continue }
      pool.append(next)
    }
    var outputs = [pool[pool.count - 1]]
    for _ in 0..<Int.random(in: 0...4, using: &random) { outputs.append(any()) }
    return outputs
  }

  /// Outputs of such a graph of which mostly but a part is asked for.
  mutating func partialOutputs(size: Int) -> [Tensor] {
    outputs(size: size).map { chance(4) ? $0 : part(of: $0) }
  }

  /// A slice or some rows along an axis, and of these at times another part.
  private mutating func part(of x: Tensor) -> Tensor {
    guard let axis = x.shape.indices.filter({ x.shape[$0] > 1 }).randomElement(using: &random)
    else { return x }
    let extent = x.shape[axis]
    let count = Int.random(in: 1...Swift.max(1, extent / 2), using: &random)
    let start = Int.random(in: 0...extent - count, using: &random)
    let own =
      switch Int.random(in: 0..<3, using: &random) {
      case 0: x.sliced(start..<start + count, axis: axis)
      case 1: x.element(start, axis: axis)
      default:
        x.gather(
          Tensor(
            (0..<count).map { _ in Float(Int.random(in: 0..<extent, using: &random)) },
            shape: [count]), axis: axis)
      }
    return chance(3) ? part(of: own) : own
  }

  // MARK: Operands

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
  private mutating func extent() -> Int { extents.randomElement(using: &random)! }

  private mutating func leaf() -> Tensor {
    let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in extent() }
    // On a grid, so that ties and equal numbers are common.
    return Tensor(random.grid(shape.elementCount, step: 0.25, bound: 2), shape: shape)
  }

  /// Any tensor, rather a late one.
  private mutating func any() -> Tensor {
    let late = chance(2) ? Swift.max(0, pool.count - 4) : 0
    return pool[Int.random(in: late..<pool.count, using: &random)]
  }

  /// A tensor that broadcasts with `x`, if one is found, else a number.
  private mutating func partner(of x: Tensor) -> Tensor {
    for _ in 0..<8 {
      let y = any()
      let rank = Swift.max(x.shape.count, y.shape.count)
      let fits = zip(aligned(x.shape, rank), aligned(y.shape, rank)).allSatisfy {
        $0 == $1 || $0 == 1 || $1 == 1
      }
      if fits { return y }
    }
    return .constant(Double(Int.random(in: -4...4, using: &random)) / 2)
  }

  private func aligned(_ shape: Shape, _ rank: Int) -> Shape {
    Shape(repeating: 1, count: rank - shape.count) + shape
  }

  // MARK: Operations

  private mutating func step() -> Tensor {
    let x = any()
    switch Int.random(in: 0..<(folds ? 19 : 12), using: &random) {
    case 0: return leaf()
    case 1, 2: return unary(x)
    case 3, 4: return binary(x)
    case 5: return choice(x)
    case 6: return x.transposed(Array(x.shape.indices).shuffled(using: &random))
    case 7: return reshape(x)
    case 8: return broadcast(x)
    case 9: return chance(2) ? x.detached() : x.broadcast(to: x.shape).reshaped(x.shape + [1])
    case 10: return access(x)
    case 11: return gather(x)
    case 12, 13: return reduce(x)
    case 14: return x.shape.isEmpty ? unary(x) : (x.shape.count > 3 ? reduce(x) : x.logSoftmax())
    case 15: return centred(x)
    case 16: return scatter(x)
    default: return product(x)
    }
  }

  private mutating func unary(_ x: Tensor) -> Tensor {
    let values = reference(x).values
    switch UnaryOperation.allCases.randomElement(using: &random)! {
    case .negate: return -x
    case .exponential: return values.allSatisfy { $0.magnitude < 4 } ? x.exp() : x.tanh().exp()
    case .logarithm: return values.allSatisfy { $0 > 0.1 } ? x.log() : (x * x + 1).log()
    case .tanh: return x.tanh()
    case .squareRoot: return values.allSatisfy { $0 > 0.1 } ? x.sqrt() : (x * x + 0.5).sqrt()
    case .sigmoid: return x.sigmoid()
    case .relu: return x.relu()
    case .sine: return x.sin()
    case .cosine: return x.cos()
    case .errorFunction: return x.erf()
    case .floor: return isWholeFar(x) ? x.floor() : x.tanh()
    }
  }

  private mutating func binary(_ x: Tensor) -> Tensor {
    let y = partner(of: x)
    let (left, right) = (reference(x).values, reference(y).values)
    switch BinaryOperation.allCases.randomElement(using: &random)! {
    case .add: return x + y
    case .subtract: return chance(2) ? x - y : y - x
    case .multiply: return x * y
    case .divide: return right.allSatisfy { $0.magnitude > 0.2 } ? x / y : x / (y * y + 1)
    case .power:
      return left.allSatisfy { $0 > 0.2 && $0 < 8 } && right.allSatisfy { $0.magnitude < 3 }
        ? x.pow(y) : x.sigmoid().pow(y.tanh())
    case .less: return isDecided(x - y) ? x.isLess(than: y) : x + y
    case .equal: return isDecided(x - y) ? x.isEqual(to: y) : x * y
    }
  }

  private mutating func choice(_ x: Tensor) -> Tensor {
    let y = partner(of: x)
    guard isDecided(y) else { return x.relu() - y }
    return chance(2) ? .select(y, x, y) : .select(y.isLess(than: 0), 1, x)
  }

  /// Whether rounding cannot change which elements are 0 and which sign the others have.
  private func isDecided(_ x: Tensor) -> Bool {
    let value = reference(x)
    return zip(value.values, value.errors).allSatisfy { $1 == 0 || $0.magnitude > 100 * $1 }
      && zip(value.values, value.errors).allSatisfy { $0 != 0 || $1 == 0 }
  }

  /// Whether rounding cannot change between which whole numbers the elements lie.
  private func isWholeFar(_ x: Tensor) -> Bool {
    let value = reference(x)
    return zip(value.values, value.errors).allSatisfy {
      $1 == 0 || ($0 - $0.rounded()).magnitude > 100 * $1
    }
  }

  private mutating func access(_ x: Tensor) -> Tensor {
    guard let axis = x.shape.indices.randomElement(using: &random), !x.shape.contains(0) else {
      return -x
    }
    let extent = x.shape[axis]
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      let start = Int.random(in: 0..<extent, using: &random)
      let end = Int.random(in: start + 1...extent, using: &random)
      return x.sliced(start..<end, axis: axis, step: Int.random(in: 1...2, using: &random))
    case 1: return x.flipped(axis: axis)
    case 2:
      return x.padded(
        before: Int.random(in: (1 - extent)...2, using: &random),
        after: Int.random(in: 0...2, using: &random), axis: axis,
        value: Double(Int.random(in: -1...1, using: &random)))
    case 3:
      guard x.shape.count < 4, x.shape.elementCount < 1000 else { return x.flipped(axis: axis) }
      let size = Int.random(in: 1...Swift.min(3, extent), using: &random)
      let windows = x.windows(
        axes: [axis], sizes: [size], strides: [Int.random(in: 1...2, using: &random)],
        padding: [(Int.random(in: 0...1, using: &random), 1)])
      return Bool.random(using: &random) ? windows : windows.sum([windows.shape.count - 1]) * 0.5
    default:
      return Tensor.concatenated([x, x * 2, x.flipped(axis: axis)], axis: axis)
    }
  }

  /// Whole numbers, on a grid or computed, most of them in 0..<`count`; outside, nothing but zeros may come of them.
  private mutating func indices(_ shape: Shape, of count: Int) -> Tensor {
    let values = (0..<shape.elementCount).map { _ in
      Float(Int.random(in: 0..<count, using: &random))
    }
    let numbers = Tensor(values, shape: shape)
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return numbers
    case 1: return numbers * 0.5 + numbers * 0.5
    default: return numbers.broadcast(to: [2] + shape).max([0])
    }
  }

  private mutating func gather(_ x: Tensor) -> Tensor {
    guard let axis = x.shape.indices.randomElement(using: &random), !x.shape.contains(0),
      x.shape.count < 4, x.shape.elementCount < 1000
    else { return -x }
    guard chance(2) else {
      var shape = x.shape
      shape[axis] = extent()
      return x.gatherAlongAxis(indices(shape, of: x.shape[axis]), axis: axis)
    }
    return x.gather(indices(chance(2) ? [extent()] : [2, 2], of: x.shape[axis]), axis: axis)
  }

  private mutating func scatter(_ x: Tensor) -> Tensor {
    guard let rows = x.shape.first, rows > 0 else { return x * x }
    let count = extent() + 1
    return x.scatterAdd(indices([rows], of: count), count: count)
  }

  private mutating func reshape(_ x: Tensor) -> Tensor {
    let count = x.shape.elementCount
    let rows = (1...Swift.max(1, Swift.min(count, 40))).filter { count % $0 == 0 }
      .randomElement(using: &random)!
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return x.reshaped([count])
    case 1: return x.reshaped([rows, count / rows])
    case 2: return x.reshaped([1] + x.shape)
    default: return x.reshaped([rows, 1, count / rows])
    }
  }

  private mutating func broadcast(_ x: Tensor) -> Tensor {
    var shape = x.shape.map { extent in
      extent == 1 && Bool.random(using: &random) ? extents.last! : extent
    }
    if shape.count < 3 && Bool.random(using: &random) { shape.insert(extent(), at: 0) }
    return shape.elementCount <= 4000 ? x.broadcast(to: shape) : x
  }

  private mutating func reduce(_ x: Tensor) -> Tensor {
    guard !x.shape.isEmpty else { return x.sum() }
    var axes = x.shape.indices.filter { _ in Bool.random(using: &random) }
    if axes.isEmpty { axes = [x.shape.count - 1] }
    let keeps = Bool.random(using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return x.max(axes, keepingAxes: keeps)
    case 1: return x.mean(axes, keepingAxes: keeps)
    case 2 where reference(x).errors.allSatisfy({ $0 == 0 }):
      return x.argmax(axes[0], keepingAxes: keeps)
    default: return x.sum(axes, keepingAxes: keeps)
    }
  }

  /// A row with its own fold taken away and put back: what fuses into rows of several stages.
  private mutating func centred(_ x: Tensor) -> Tensor {
    guard let last = x.shape.indices.last else { return x * x }
    let centre = x - x.mean([last], keepingAxes: true)
    let spread = (centre * centre).mean([last], keepingAxes: true)
    return chance(2) ? centre / (spread + 1).sqrt() : centre * x.max([last], keepingAxes: true)
  }

  private mutating func product(_ x: Tensor) -> Tensor {
    let x = x.shape.count == 2 ? x : x.asMatrix
    for _ in 0..<10 {
      let y = any()
      guard y.shape.count == 2 else { continue }
      for (left, right) in [(false, false), (false, true), (true, false), (true, true)]
      where x.shape[left ? 0 : 1] == y.shape[right ? 1 : 0] {
        return x.matmul(y, transposeLeft: left, transposeRight: right) * 0.125
      }
    }
    return Bool.random(using: &random)
      ? x.matmul(x, transposeRight: true) : x.matmul(x, transposeLeft: true)
  }
}

extension Tensor {
  /// A matrix of these elements with as many rows as the first axis has.
  fileprivate var asMatrix: Tensor {
    let rows = shape.first ?? 1
    return reshaped([rows, shape.elementCount / rows])
  }
}
