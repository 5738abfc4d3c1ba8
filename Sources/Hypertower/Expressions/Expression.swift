/// A symbolic number: what a formula yields when it is written down rather than evaluated.
public struct Expression: ElementwiseArithmetic {
  private enum Storage {
    case constant(Double)
    case node(ExpressionRecorder, Int)
  }

  private let storage: Storage

  private init(_ storage: Storage) { self.storage = storage }

  init(_ recorder: ExpressionRecorder, _ index: Int) { storage = .node(recorder, index) }

  public static func constant(_ value: Double) -> Expression { Expression(.constant(value)) }

  /// The function of a number; that of a constant is evaluated at once.
  public static func applying(_ operation: UnaryOperation, to x: Expression) -> Expression {
    switch x.storage {
    case .constant(let value): .constant(operation.evaluate(value))
    case .node(let recorder, let index):
      Expression(recorder, recorder.graph.append(.unary(operation, index)))
    }
  }

  /// The function of two numbers; that of two constants is evaluated at once.
  public static func applying(
    _ operation: BinaryOperation, to x: Expression, and y: Expression
  ) -> Expression {
    guard let recorder = x.recorder ?? y.recorder else {
      return .constant(operation.evaluate(x.constantValue, y.constantValue))
    }
    let operands = (x.index(in: recorder), y.index(in: recorder))
    return Expression(
      recorder, recorder.graph.append(.binary(operation, operands.0, operands.1)))
  }

  public static func select(
    _ condition: Expression, _ x: Expression, _ y: Expression
  ) -> Expression {
    guard let recorder = condition.recorder ?? x.recorder ?? y.recorder else {
      return condition.constantValue != 0 ? x : y
    }
    let operands = [condition, x, y].map { $0.index(in: recorder) }
    return Expression(
      recorder, recorder.graph.append(.select(operands[0], operands[1], operands[2])))
  }

  private var recorder: ExpressionRecorder? {
    guard case .node(let recorder, _) = storage else { return nil }
    return recorder
  }

  var constantValue: Double {
    guard case .constant(let value) = storage else {
      fatalError("Expression: not a constant")
    }
    return value
  }

  /// This expression's node in `recorder`, to which it must belong unless it is a constant.
  func index(in recorder: ExpressionRecorder) -> Int {
    switch storage {
    case .constant(let value): return recorder.graph.append(.constant(value))
    case .node(let own, let index):
      require(own === recorder, "Expression: operands come from two formulas")
      return index
    }
  }
}

/// Where the expressions of one formula are written down.
final class ExpressionRecorder {
  var graph = ScalarGraph()

  func input(_ number: Int) -> Expression { Expression(self, graph.append(.input(number))) }
}
