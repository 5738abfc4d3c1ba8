import Testing

@testable import Hypertower

/// Tapes that are broken by hand, with the complaint that each must give.
@Suite struct TapeValidatorTests {
  private func fault(_ make: (inout Tape) -> Void) -> String? {
    var tape = Tape()
    _ = tape.append(.leaf(0), shape: [2, 3])
    _ = tape.append(.leaf(1), shape: [3])
    make(&tape)
    return TapeValidator.firstFault(in: tape)
  }

  @Test func operations() {
    let attention = Attention(scale: 1, isCausal: false)
    for (operation, operands, shape, expected) in [
      (.unary(.tanh), [0], [2, 3], nil),
      (.unary(.tanh), [5], [2, 3], "tanh → [2, 3]: its operand 5 does not come before it"),
      (.unary(.tanh), [0], [3], "tanh → [3]: does not fit the operands [[2, 3]]"),
      (.binary(.add), [0, 1], [2, 3], "add → [2, 3]: does not fit the operands [[2, 3], [3]]"),
      (.binary(.add), [0], [2, 3], "add → [2, 3]: has 1 operands, not 2"),
      (
        .select, [0, 0, 1], [2, 3],
        "select → [2, 3]: does not fit the operands [[2, 3], [2, 3], [3]]"
      ),
      (.allReduce, [0], [2, 3], nil),
      (.allReduce, [0], [3], "allReduce → [3]: does not fit the operands [[2, 3]]"),
      (.reshape, [0], [6], nil),
      (.reshape, [0], [7], "reshape → [7]: does not fit the operands [[2, 3]]"),
      (.broadcast, [1], [2, 3], "broadcast → [2, 3]: does not fit the operands [[3]]"),
      (.transpose(permutation: [1, 0]), [0], [3, 2], nil),
      (
        .transpose(permutation: [1, 1]), [0], [3, 3],
        "transpose → [3, 3]: does not fit the operands [[2, 3]]"
      ),
      (
        .access(Access([.axis(0, rank: 1)])), [0], [2],
        "access → [2]: does not fit the operands [[2, 3]]"
      ),
      (.reduce(.sum, axes: [1]), [0], [2, 1], nil),
      (.reduce(.sum, axes: [2]), [0], [2, 3], "sum → [2, 3]: does not fit the operands [[2, 3]]"),
      (
        .matrixProduct(transposeLeft: false, transposeRight: true), [0, 0], [2, 2], nil
      ),
      (
        .matrixProduct(transposeLeft: false, transposeRight: false), [0, 0], [2, 3],
        "matrix product → [2, 3]: inner sizes 3 and 2 differ"
      ),
      (
        .matrixProduct(transposeLeft: false, transposeRight: true), [0, 0], [2, 3],
        "matrix product → [2, 3]: does not fit the operands [[2, 3], [2, 3]]"
      ),
      (.gather(isZeroOutside: false), [0, 1], [3, 3], nil),
      (
        .gather(isZeroOutside: false), [0, 1], [2, 3],
        "gather → [2, 3]: does not fit the operands [[2, 3], [3]]"
      ),
      (.gather(isZeroOutside: true), [0], [3, 3], "gather → [3, 3]: has 1 operands, not 2"),
      (
        .scatterAdd, [0, 1], [4, 3], "scatterAdd → [4, 3]: does not fit the operands [[2, 3], [3]]"
      ),
      (.scanResult(.finalState(0)), [0], [3], "result of a loop → [3]: its operand is no loop"),
      (.attention(attention), [0, 0, 0], [2, 3], nil),
      (
        .attention(attention), [0, 0, 1], [2, 3],
        "attention → [2, 3]: does not fit the ranks of [[2, 3], [2, 3], [3]]"
      ),
      (
        .attention(attention), [0, 0, 0], [3, 3],
        "attention → [3, 3]: does not fit the operands [[2, 3], [2, 3], [2, 3]]"
      ),
      (
        .attentionGradient(attention), [0, 0, 0, 0, 1, 0], [2, 3],
        "gradient of attention → [2, 3]: does not fit the operands "
          + "[[2, 3], [2, 3], [2, 3], [2, 3], [3], [2, 3]]"
      ),
      (
        .attentionResult(.logSums), [0], [2],
        "result of attention → [2]: its operand has no logSums"
      ),
    ] as [(Tape.Operation, [Int], Shape, String?)] {
      let found = fault { _ = $0.append(operation, operands, shape: shape) }
      #expect(found == expected.map { "node 2, \($0)" })
    }
  }

  /// A running sum of [2, 3] along its first axis, with a body and a result that may be wrong.
  @Test func loops() {
    func loop(body input: Shape, next: Int = 2, count: Int = 2, result: Shape = [3]) -> String? {
      fault { tape in
        var body = Tape()
        _ = body.append(.leaf(0), shape: [3])
        _ = body.append(.leaf(1), shape: input)
        _ = body.append(.binary(.add), [0, 1], shape: [3])
        let scan = Scan(
          body: body, stateCount: 1, inputCount: 1, nextStates: [next], count: count,
          isReversed: false)
        let node = tape.append(.scan(scan), [1, 0], shape: [])
        _ = tape.append(.scanResult(.finalState(0)), [node], shape: result)
      }
    }
    #expect(loop(body: [3]) == nil)
    #expect(
      loop(body: [2])
        == "node 2, loop → []: its body's node 2, add → [3]: does not fit the operands [[3], [2]]")
    #expect(loop(body: [3], next: 7) == "node 2, loop → []: state 0 of [3] becomes another shape")
    #expect(loop(body: [3], count: 0) == "node 2, loop → []: has 0 passes")
    #expect(
      loop(body: [3], count: 5)
        == "node 2, loop → []: leaf 1 of its body is [3], its operand [2, 3]")
    #expect(
      loop(body: [3], result: [1, 3])
        == "node 3, result of a loop → [1, 3]: the loop's finalState(0) is [3]")
  }
}
