extension ScalarGraph {
  /// Appends the partial derivatives of node `output` with respect to `inputs`, by reverse mode.
  ///
  /// An input on which the output does not depend has the constant 0.
  package mutating func derivatives(of output: Int, withRespectTo inputs: [Int]) -> [Int] {
    let recorder = ExpressionRecorder()
    recorder.graph = self
    let end = output + 1
    let depends = dependents { input in
      inputs.contains { nodes[$0] == .input(input) }
    }
    var cotangents = [Expression?](repeating: nil, count: end)
    func accumulate(_ index: Int, _ contribution: @autoclosure () -> Expression?) {
      guard depends[index], let contribution = contribution() else { return }
      cotangents[index] = cotangents[index].map { $0 + contribution } ?? contribution
    }
    func expression(_ index: Int) -> Expression { Expression(recorder, index) }

    cotangents[output] = 1
    for index in (0..<end).reversed() {
      guard let cotangent = cotangents[index] else { continue }
      switch nodes[index] {
      case .constant, .input:
        break
      case .unary(let operation, let x):
        accumulate(
          x,
          operation.pullback(x: expression(x), y: expression(index), cotangent: cotangent))
      case .binary(let operation, let x, let y):
        let (left, right, result) = (expression(x), expression(y), expression(index))
        accumulate(
          x, operation.leftPullback(x: left, y: right, z: result, cotangent: cotangent))
        accumulate(
          y, operation.rightPullback(x: left, y: right, z: result, cotangent: cotangent))
      case .select(let condition, let x, let y):
        accumulate(x, .select(expression(condition), cotangent, 0))
        accumulate(y, .select(expression(condition), 0, cotangent))
      }
    }
    let results = inputs.map { input in
      (input < end ? cotangents[input] : nil) ?? .constant(0)
    }
    let indices = results.map { $0.index(in: recorder) }
    self = recorder.graph
    return indices
  }
}
