import Testing

@testable import Hypertower

/// A product of rows of a small table is rows of the table's product.
@Suite struct ChosenRowsTests {
  private let table = Tensor([1, 2, 3, -1, 0.5, 4], shape: [3, 2])
  private let weight = Tensor([1, 0, 2, 1, -1, 3, 0.5, 2], shape: [2, 4])
  private let indices = Tensor([2, 0, 2, 1, 2, 0])

  /// The shapes of the left operands of the products that a tensor is computed from.
  private func products(of tensor: Tensor) -> [Shape] {
    let tape = tensor.recorder.tape
    let needed = tape.needed(by: [tensor.index])
    return tape.nodes.indices.compactMap { index in
      guard needed[index], case .matrixProduct = tape[index].operation else { return nil }
      return tape[tape[index].operands[0]].shape
    }
  }

  @Test func multipliesTheTableOnce() {
    let pairs = indices.reshaped([3, 2])
    let transposed = Tensor([1, -1, 0, 3, 2, 0.5, 1, 2], shape: [4, 2])
    let cases: [(String, Tensor)] = [
      ("rows", table.gather(indices).matmul(weight)),
      ("by a transpose", table.gather(indices).matmul(transposed, transposeRight: true)),
      ("rows of many samples", table.gather(pairs).matmul(weight)),
      ("in another order", table.gather(pairs).transposed([1, 0, 2]).matmul(weight)),
      ("joined", table.gather(pairs).reshaped([6, 2]).matmul(weight)),
    ]
    for (name, tensor) in cases { #expect(products(of: tensor) == [[3, 2]], "\(name)") }
  }

  @Test func multipliesWhatIsLess() {
    let cases: [(String, Tensor, Shape)] = [
      ("few rows", table.gather(indices.sliced(0..<5, axis: 0)).matmul(weight), [5, 2]),
      (
        "other columns", table.gather(indices).reshaped([3, 4]).matmul(weight.transposed()), [3, 4]
      ),
      (
        "columns as rows",
        table.gather(indices).transposed().matmul(table.gather(indices)), [6, 2]
      ),
      ("of changed rows", table.gather(indices).tanh().matmul(weight), [6, 2]),
      (
        "chosen by columns",
        table.gather(Tensor([0, 1, 1, 0, 1, 0]), axis: 1).transposed()
          .matmul(table), [3, 6]
      ),
    ]
    for (name, tensor, shape) in cases { #expect(products(of: tensor) == [shape], "\(name)") }
  }

  @Test(arguments: TestBackend.all)
  func values(_ backend: TestBackend) throws {
    let pairs = Tensor([2, 0, -1, 1, 2, 0], shape: [3, 2])
    let factors =
      Tensor([1, 2, 3, 4, 5, 6], shape: [6, 1]).broadcast(to: [6, 4])
      * Tensor([1, -2, 3, 0.5]).broadcast(to: [6, 4])
    let loss = (table.gather(indices).matmul(weight) * factors).sum()
    let results = try Tensor.evaluate(
      [table.gather(pairs).transposed([1, 0, 2]).matmul(weight)]
        + gradients(of: loss, withRespectTo: [table, weight]), on: try backend.make())
    let none = [Double](repeating: .nan, count: 4)
    let rows = [[-1, 6, 3, 5], [4, -3, 5.5, 1], [-3.5, 12, 3, 8.5]]
    let expected: [(String, [Double])] = [
      ("product", rows[2] + none + rows[2] + rows[0] + rows[1] + rows[0]),
      ("gradient of the table", [60, -36, 30, -18, 67.5, -40.5]),
      ("gradient of the weight", [24.5, -49, 73.5, 12.25, 48, -96, 144, 24]),
    ]
    for ((name, values), result) in zip(expected, results) {
      assertClose(result.doubles, values, .exact, "\(name) on \(backend.name)")
    }
  }
}
