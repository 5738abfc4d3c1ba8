/// An array of float32 numbers with a shape, or the promise of one.
///
/// Operations on tensors are recorded; they run, compiled as one program, when the values are
/// asked for: `(a.matmul(b) + c).tanh().array()`. Shapes that do not fit stop the program with
/// both of them in the message.
public struct Tensor: ElementwiseArithmetic {
  package let recorder: TapeRecorder
  package let index: Tape.Index

  package init(_ recorder: TapeRecorder, _ index: Tape.Index) {
    self.recorder = recorder
    self.index = index
  }

  /// A tensor of given values.
  ///
  /// - Parameters:
  ///   - values: the elements, the last axis running fastest.
  ///   - shape: the extents; their product is the number of values.
  public init(_ values: [Float], shape: Shape) {
    require(
      values.count == shape.elementCount && shape.allSatisfy { $0 >= 0 },
      "Tensor: \(values.count) values do not fill \(shape)")
    recorder = TapeRecorder()
    index = recorder.leaf(.values(values), shape: shape)
  }

  /// A vector, `[values.count]`.
  public init(_ values: [Float]) { self.init(values, shape: [values.count]) }

  /// A tensor of one number everywhere.
  public init(repeating value: Double, shape: Shape) {
    require(shape.allSatisfy { $0 >= 0 }, "Tensor: \(shape) has a negative extent")
    recorder = TapeRecorder()
    index = recorder.tape.append(.fill(value), shape: shape)
  }

  /// Uniform random numbers in [0, 1) of each step, by the number of the call; see `Context.uniform(_:)`.
  static func random(number: Int, shape: Shape) -> Tensor {
    let recorder = TapeRecorder()
    return Tensor(recorder, recorder.tape.append(.random(number), shape: shape))
  }

  /// The extents, outermost first.
  public var shape: Shape { recorder.tape[index].shape }

  /// A single number, which stretches to whatever shape it meets.
  public static func constant(_ value: Double) -> Tensor { Tensor(repeating: value, shape: []) }

  /// The operation applied to every element.
  public static func applying(_ operation: UnaryOperation, to x: Tensor) -> Tensor {
    x.recording(.unary(operation), shape: x.shape)
  }

  /// The operation applied element by element, after both are stretched to one shape.
  public static func applying(
    _ operation: BinaryOperation, to x: Tensor, and y: Tensor
  ) -> Tensor {
    let (x, y) = broadcast(x, y, "\(operation)")
    return x.recording(.binary(operation), with: [y], shape: x.shape)
  }

  /// Element by element `x` where `condition` is not 0, else `y`; all stretched to one shape.
  public static func select(_ condition: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
    let (x, y) = broadcast(x, y, "select")
    let (condition, chosen) = broadcast(condition, x, "select")
    let other = y.broadcast(to: chosen.shape)
    return condition.recording(.select, with: [chosen, other], shape: chosen.shape)
  }

  /// Both tensors stretched to one shape.
  private static func broadcast(
    _ x: Tensor, _ y: Tensor, _ operation: String
  ) -> (Tensor, Tensor) {
    guard let shape = x.shape.broadcast(with: y.shape) else {
      fatalError("\(operation): cannot broadcast \(x.shape) and \(y.shape)")
    }
    return (x.broadcast(to: shape), y.broadcast(to: shape))
  }

  /// A new node with this tensor as its first operand and `others` as the further ones.
  func recording(
    _ operation: Tape.Operation, with others: [Tensor] = [], shape: Shape
  ) -> Tensor {
    // The longer tape takes the other's nodes over, so that a chain of small operations on one
    // large model copies the small ones.
    let home = others.reduce(recorder) {
      $1.recorder.tape.nodes.count > $0.tape.nodes.count ? $1.recorder : $0
    }
    let operands = ([self] + others).map { home.adopt($0.index, from: $0.recorder) }
    return Tensor(home, home.tape.append(operation, operands, shape: shape))
  }
}
