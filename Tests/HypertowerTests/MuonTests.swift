import Testing

@testable import Hypertower

/// Muon's iteration, and what it moves.
@Suite struct MuonTests {
  /// For tall and wide matrices and those that are stored with their axes swapped.
  @Test(arguments: [
    ([5, 3], false), ([3, 5], false), ([4, 4], true), ([2, 3, 2], false), ([3, 7], true),
  ])
  func newtonSchulz(shape: Shape, isTransposed: Bool) throws {
    let matrix = ParameterLayout.Matrix(shape, isTransposed: isTransposed)
    var random = SeededRandom(93)
    let values = random.floats(matrix.rows * matrix.columns, in: -1...1)
    let (rows, columns) = (
      isTransposed ? matrix.columns : matrix.rows, isTransposed ? matrix.rows : matrix.columns
    )
    let scale = max(1, Double(rows) / Double(columns)).squareRoot()
    let expected = orthogonalized(values.map(Double.init), columns: matrix.columns)
    let found = NewtonSchulz(matrix).orthogonalized(
      Tensor(values, shape: [matrix.rows, matrix.columns]))
    let elements = try Tensor.evaluate([found], on: Device.cpu64.backend)[0].doubles
    assertClose(elements, expected.map { scale * $0 }, .absolute(1e-12), "\(shape)")
  }

  /// Muon moves the filters of a convolution as matrices, along their gradients in the first step.
  @Test func convolutions() throws {
    let model = CNN(image: [1, 12, 12], classes: 3, channels: (4, 8), kernel: 3)
    var random = SeededRandom(94)
    let data = Dataset(
      count: 8, featureCount: 144, features: .floats(random.floats(8 * 144, in: 0...1)),
      targets: .classes([0, 1, 2, 0, 1, 2, 0, 1], classCount: 3))
    func trained(_ notation: String, _ count: Int) throws -> (trainer: Trainer, losses: [Double]) {
      let trainer = try Trainer(
        model, loss: .crossEntropy, sampleShape: [1, 12, 12],
        optimizer: try Tower(parsing: notation), on: .cpu64)
      var losses: [Double] = []
      try trainer.train(on: data, batchSize: 8, steps: count, shuffled: false) {
        losses += $0.map(\.loss)
      }
      return (trainer, losses)
    }
    let notation = "weights: muon(0.1, weight_decay=0); else: adamw(0.01)"
    let (start, unit, own) = (
      try trained("sgd(0)", 1).trainer.weights(), try trained("sgd(1024)", 1).trainer.weights(),
      try trained(notation, 1).trainer.weights()
    )
    for entry in start.entries where entry.shape.count == 4 {
      let before = entry.doubles()
      func way(_ weights: SafetensorsFile) throws -> [Double] {
        zip(before, try #require(weights[entry.name]).doubles()).map(-)
      }
      let (rows, columns) = (entry.shape[0], entry.shape.dropFirst().reduce(1, *))
      let scale = 0.1 * max(1, Double(rows) / Double(columns)).squareRoot()
      let expected = orthogonalized(try way(unit), columns: columns).map { scale * $0 }
      assertClose(try way(own), expected, .absolute(1e-12), entry.name)
    }
    let losses = try trained(notation, 20).losses
    #expect(losses[losses.count - 1] < losses[0] / 2, "\(losses)")
  }

  /// The iteration by loops, without the factor of tall matrices.
  private func orthogonalized(_ values: [Double], columns: Int) -> [Double] {
    func product(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
      x.map { row in
        y[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * y[$1][j] } }
      }
    }
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var x = stride(from: 0, to: values.count, by: columns).map { start in
      values[start..<start + columns].map { $0 / norm }
    }
    for _ in 0..<5 {
      let transposed = x[0].indices.map { j in x.map { $0[j] } }
      let gram = product(x, transposed)
      let square = product(gram, gram)
      let polynomial = gram.indices.map { i in
        gram.indices.map { -4.775 * gram[i][$0] + 2.0315 * square[i][$0] }
      }
      let moved = product(polynomial, x)
      x = x.indices.map { i in x[i].indices.map { 3.4445 * x[i][$0] + moved[i][$0] } }
    }
    return x.flatMap(\.self)
  }
}
