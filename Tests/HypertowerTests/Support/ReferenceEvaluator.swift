import Glibc
import Hypertower
import Testing

/// What tape operations mean, as naive loops in Double over one node at a time: an oracle that
/// shares nothing with the compiler and the backends.
final class ReferenceEvaluator {
  /// Values in their order, each with a first-order bound of how far float32 arithmetic, in
  /// whatever order it sums, may end up from it.
  struct Value {
    var shape: Shape
    var values: [Double]
    var errors: [Double]
  }

  /// Half a unit in the last place of float32, relative to the number.
  static let roundoff = 0x1p-24

  private var known: [ObjectIdentifier: (recorder: TapeRecorder, values: [Int: Value])] = [:]

  func callAsFunction(_ tensor: Tensor) -> Value { value(of: tensor.index, tensor.recorder) }

  private func value(of index: Int, _ recorder: TapeRecorder) -> Value {
    let key = ObjectIdentifier(recorder)
    if let value = known[key]?.values[index] { return value }
    let node = recorder.tape[index]
    let operands = node.operands.map { value(of: $0, recorder) }
    let result = compute(node, operands, recorder)
    known[key, default: (recorder, [:])].values[index] = result
    return result
  }

  private func compute(
    _ node: Tape.Node, _ operands: [Value], _ recorder: TapeRecorder
  ) -> Value {
    let shape = node.shape
    func each(_ element: (Int) -> (Double, Double)) -> Value {
      let pairs = (0..<shape.elementCount).map(element)
      return Value(shape: shape, values: pairs.map(\.0), errors: pairs.map(\.1))
    }
    /// The elements of the operand that `strides`, one for each axis of the result, lead to.
    func moved(_ strides: [Int]) -> Value {
      each { i in
        let position = zip(indices(i, shape), strides).reduce(0) { $0 + $1.0 * $1.1 }
        return (operands[0].values[position], operands[0].errors[position])
      }
    }
    switch node.operation {
    case .leaf(let number):
      guard case .values(let values) = recorder.leaves[number] else {
        fatalError("ReferenceEvaluator: leaf \(number) has no values")
      }
      return Value(
        shape: shape, values: values.map(Double.init), errors: values.map { _ in 0 })
    case .fill(let value):
      return each { _ in (value, value.isInfinite ? 0 : Self.roundoff * value.magnitude) }
    case .coordinate(let axis):
      return each { i in (Double(indices(i, shape)[axis]), 0) }
    case .known:
      // What differentiation sees must be what it stands for.
      for (i, (own, other)) in zip(operands[0].values, operands[1].values).enumerated() {
        #expect(
          (own - other).magnitude <= operands[0].errors[i] + operands[1].errors[i] || own.isNaN,
          "element \(i) of \(shape) is \(own), to differentiation \(other)")
      }
      return operands[0]
    case .convolution(let convolution):
      return self.convolution(convolution, operands[0], operands[1], to: shape)
    case .scan:
      return Value(shape: shape, values: [0], errors: [0])
    case .scanResult(let result):
      return self.result(result, of: recorder.tape[node.operands[0]], recorder)
    case .random:
      fatalError("ReferenceEvaluator: there is no seed for random numbers")
    case .allReduce:
      fatalError("ReferenceEvaluator: there are no shards")
    case .unary(let operation):
      return each { i in unary(operation, operands[0].values[i], operands[0].errors[i]) }
    case .binary(let operation):
      let (x, y) = (operands[0], operands[1])
      return each { i in binary(operation, x.values[i], x.errors[i], y.values[i], y.errors[i]) }
    case .select:
      return each { i in
        let chosen = operands[operands[0].values[i] != 0 ? 1 : 2]
        return (chosen.values[i], chosen.errors[i])
      }
    case .broadcast:
      let (own, strides) = (operands[0].shape, operands[0].shape.contiguousStrides)
      return moved(own.indices.map { own[$0] == 1 ? 0 : strides[$0] })
    case .access(let access):
      return each { i in
        var position = 0
        let at = indices(i, shape)
        for (axis, index) in access.indices.enumerated() {
          let sum = zip(at, index.coefficients).reduce(index.offset) { $0 + $1.0 * $1.1 }
          let extent = operands[0].shape[axis]
          guard sum >= 0, sum % index.divisor == 0, sum / index.divisor < extent else {
            return (access.outside, Self.roundoff * access.outside.magnitude)
          }
          position += sum / index.divisor * operands[0].shape.contiguousStrides[axis]
        }
        return (operands[0].values[position], operands[0].errors[position])
      }
    case .reshape, .detach:
      return Value(shape: shape, values: operands[0].values, errors: operands[0].errors)
    case .transpose(let permutation):
      return moved(permutation.map { operands[0].shape.contiguousStrides[$0] })
    case .reduce(let reduction, let axes):
      return reduce(reduction, axes, operands[0], to: shape)
    case .matrixProduct(let transposeLeft, let transposeRight):
      return product(operands[0], transposeLeft, operands[1], transposeRight, to: shape)
    case .gather(let isZeroOutside):
      return gather(operands[0], operands[1], to: shape, isZeroOutside: isZeroOutside)
    case .scatterAdd:
      return scatterAdd(operands[0], operands[1], to: shape)
    case .attention(let own):
      return attention(own, operands, wantsLogSums: false, to: shape)
    case .attentionGradient(let own):
      return attentionGradient(own, operands, to: nil, shape: shape)
    case .attentionResult(let result):
      let source = recorder.tape[node.operands[0]]
      let operands = source.operands.map { value(of: $0, recorder) }
      switch source.operation {
      case .attention(let own): return attention(own, operands, wantsLogSums: true, to: shape)
      case .attentionGradient(let own):
        return attentionGradient(own, operands, to: result, shape: shape)
      default: fatalError("ReferenceEvaluator: \(source.operation) is no attention")
      }
    }
  }

  // MARK: Loops

  private func result(
    _ result: Scan.Result, of node: Tape.Node, _ recorder: TapeRecorder
  ) -> Value {
    guard case .scan(let scan) = node.operation else { fatalError("not a loop") }
    let operands = node.operands.map { value(of: $0, recorder) }
    var states = Array(operands.prefix(scan.stateCount))
    var passes: [Value] = []
    for pass in 0..<scan.count {
      let place = scan.isReversed ? scan.count - 1 - pass : pass
      let leaves = operands.enumerated().map { number, operand -> Value in
        if number < scan.stateCount { return states[number] }
        guard number < scan.stateCount + scan.inputCount else { return operand }
        let size = operand.values.count / scan.count
        let own = place * size..<(place + 1) * size
        return Value(
          shape: Shape(operand.shape.dropFirst()), values: Array(operand.values[own]),
          errors: Array(operand.errors[own]))
      }
      var nodes: [Value] = []
      for own in scan.body.nodes {
        if case .leaf(let number) = own.operation {
          nodes.append(leaves[number])
        } else {
          nodes.append(compute(own, own.operands.map { nodes[$0] }, recorder))
        }
      }
      switch result {
      case .states(let state): passes.append(states[state])
      case .stacked(let own): passes.append(nodes[own])
      case .finalState: break
      }
      states = scan.nextStates.map { nodes[$0] }
    }
    if case .finalState(let state) = result { return states[state] }
    if case .stacked = result, scan.isReversed { passes.reverse() }
    return Value(
      shape: scan.shape(of: result), values: passes.flatMap(\.values),
      errors: passes.flatMap(\.errors))
  }

  // MARK: Elementwise

  private func unary(
    _ operation: UnaryOperation, _ x: Double, _ error: Double
  ) -> (Double, Double) {
    let u = Self.roundoff
    switch operation {
    case .negate: return (-x, error)
    case .exponential:
      let y = exp(x)
      // What is −∞ is so exactly, as where a mask is 0.
      return (y, x == -.infinity ? 0 : y * error + 8 * u * y)
    case .logarithm:
      let y = log(x)
      return (y, error / x + 8 * u * y.magnitude)
    case .tanh:
      let y = tanh(x)
      return (y, error * (1 - y * y + 2 * error) + 32 * u * y.magnitude)
    case .squareRoot:
      let y = x.squareRoot()
      return (y, (error == 0 ? 0 : error / (2 * y)) + 6 * u * y)
    case .sigmoid:
      let y = 1 / (1 + exp(-x))
      return (y, error * y * (1 - y) + 32 * u * y)
    case .relu: return (x < 0 ? 0 : x, error)
    case .sine: return (sin(x), error + 8 * u)
    case .cosine: return (cos(x), error + 8 * u)
    case .errorFunction:
      let y = erf(x)
      return (y, error * 2 / Double.pi.squareRoot() * exp(-x * x) + 32 * u * y.magnitude)
    case .floor: return (x.rounded(.down), 0)
    }
  }

  private func binary(
    _ operation: BinaryOperation, _ x: Double, _ ex: Double, _ y: Double, _ ey: Double
  ) -> (Double, Double) {
    let u = Self.roundoff
    switch operation {
    case .add: return (x + y, ex + ey + u * (x + y).magnitude)
    case .subtract: return (x - y, ex + ey + u * (x - y).magnitude)
    case .multiply:
      return (x * y, x.magnitude * ey + y.magnitude * ex + ex * ey + u * (x * y).magnitude)
    case .divide:
      let z = x / y
      return (z, (ex + z.magnitude * ey) / y.magnitude + 6 * u * z.magnitude)
    case .power:
      let z = pow(x, y)
      let spread = (ex == 0 ? 0 : (y * ex / x).magnitude) + (ey == 0 ? 0 : (log(x) * ey).magnitude)
      return (z, z.magnitude * (spread + 32 * u))
    case .less: return (x < y ? 1 : 0, 0)
    case .equal: return (x == y ? 1 : 0, 0)
    }
  }

  // MARK: Folds

  private func reduce(
    _ reduction: Tape.Reduction, _ axes: [Int], _ operand: Value, to shape: Shape
  ) -> Value {
    var groups = [[Int]](repeating: [], count: shape.elementCount)
    let strides = shape.contiguousStrides.enumerated().map { axes.contains($0) ? 0 : $1 }
    for i in operand.values.indices {
      let group = zip(indices(i, operand.shape), strides).reduce(0) { $0 + $1.0 * $1.1 }
      groups[group].append(i)
    }
    let results = groups.map { group -> (Double, Double) in
      let (values, errors) = (group.map { operand.values[$0] }, group.map { operand.errors[$0] })
      switch reduction {
      case .sum:
        let size = values.reduce(0) { $0 + $1.magnitude }
        return (
          values.reduce(0, +), errors.reduce(0, +) + Double(values.count) * Self.roundoff * size
        )
      case .maximum:
        if values.contains(where: \.isNaN) { return (.nan, 0) }
        return (values.max() ?? -.infinity, errors.max() ?? 0)
      case .indexOfMaximum:
        if let first = values.firstIndex(where: \.isNaN) { return (Double(first), 0) }
        return (Double(values.max().flatMap { values.firstIndex(of: $0) } ?? 0), 0)
      }
    }
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  private func product(
    _ left: Value, _ transposeLeft: Bool, _ right: Value, _ transposeRight: Bool, to shape: Shape
  ) -> Value {
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    let inner = left.shape[left.shape.count - (transposeLeft ? 2 : 1)]
    let results = (0..<shape.elementCount).map { element -> (Double, Double) in
      let (row, column) = (element / columns % rows, element % columns)
      let matrix = element / columns / rows
      var (sum, size, error) = (0.0, 0.0, 0.0)
      for k in 0..<inner {
        let placeInLeft = transposeLeft ? k * rows + row : row * inner + k
        let placeInRight = transposeRight ? column * inner + k : k * columns + column
        let (i, j) = (placeInLeft + matrix * rows * inner, placeInRight + matrix * inner * columns)
        let (a, b) = (left.values[i], right.values[j])
        sum += a * b
        size += (a * b).magnitude
        error +=
          a.magnitude * right.errors[j] + b.magnitude * left.errors[i]
          + left.errors[i] * right.errors[j]
      }
      return (sum, error + Double(inner + 1) * Self.roundoff * size)
    }
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  /// By the definition: element p of a direct one's results and i of its input meet in weight k where
  /// i = p · stride − padding + k · dilation.
  private func convolution(
    _ convolution: Convolution, _ x: Value, _ weight: Value, to shape: Shape
  ) -> Value {
    let axes = convolution.extents.indices
    let isTransposed = convolution.isTransposed
    let (inputs, outputs) = (
      x.shape[1] / convolution.groups, shape[1] / convolution.groups
    )
    let sizes = Shape(weight.shape.dropFirst(2))
    let places = Shape(x.shape.dropFirst(2))
    let results = (0..<shape.elementCount).map { element -> (Double, Double) in
      let at = indices(element, shape)
      let group = at[1] / outputs
      var (sum, size, error, terms) = (0.0, 0.0, 0.0, 0.0)
      for k in 0..<sizes.elementCount {
        let offset = indices(k, sizes)
        var from: [Int] = []
        for axis in axes {
          let shift = offset[axis] * convolution.dilations[axis] - convolution.padding[axis]
          let place =
            isTransposed
            ? at[axis + 2] - shift : at[axis + 2] * convolution.strides[axis] + shift
          let stride = isTransposed ? convolution.strides[axis] : 1
          guard place >= 0, place % stride == 0, place / stride < places[axis] else { break }
          from.append(place / stride)
        }
        guard from.count == axes.count else { continue }
        for c in 0..<inputs {
          let i = zip([at[0], group * inputs + c] + from, x.shape.contiguousStrides)
            .reduce(0) { $0 + $1.0 * $1.1 }
          let channels =
            isTransposed
            ? [group * inputs + c, at[1] % outputs] : [at[1], c]
          let j = zip(channels + offset, weight.shape.contiguousStrides)
            .reduce(0) { $0 + $1.0 * $1.1 }
          let (a, b) = (x.values[i], weight.values[j])
          sum += a * b
          size += (a * b).magnitude
          error +=
            a.magnitude * weight.errors[j] + b.magnitude * x.errors[i]
            + x.errors[i] * weight.errors[j]
          terms += 1
        }
      }
      return (sum, error + (terms + 1) * Self.roundoff * size)
    }
    return Value(shape: shape, values: results.map(\.0), errors: results.map(\.1))
  }

  /// Where element number `linear` of an array of `shape` lies along each axis.
  private func indices(_ linear: Int, _ shape: Shape) -> [Int] {
    zip(shape, shape.contiguousStrides).map { extent, stride in linear / stride % extent }
  }
}
