import OpenCL
import Testing

@Suite struct CLBlastTests {
  /// A stored matrix with rows longer than need be, behind a few other elements.
  private struct Stored {
    let rows: Int
    let columns: Int
    let offset: Int
    let leadingDimension: Int
    var values: [Float]

    init(rows: Int, columns: Int, seed: Int) {
      self.rows = rows
      self.columns = columns
      offset = 3
      leadingDimension = columns + 2
      values = (0..<offset + rows * leadingDimension).map {
        Float(($0 * 7919 + seed * 104_729) % 1000) / 500 - 1
      }
    }

    func index(_ row: Int, _ column: Int) -> Int { offset + row * leadingDimension + column }
  }

  @Test(arguments: TestDevices.all, [(false, false), (false, true), (true, false), (true, true)])
  func productEqualsPlainLoops(_ device: OpenCLDevice, _ transposed: (a: Bool, b: Bool)) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let (m, n, k) = (13, 7, 19)
    let a =
      transposed.a ? Stored(rows: k, columns: m, seed: 1) : .init(rows: m, columns: k, seed: 1)
    let b =
      transposed.b ? Stored(rows: n, columns: k, seed: 2) : .init(rows: k, columns: n, seed: 2)
    let c = Stored(rows: m, columns: n, seed: 3)
    let (alpha, beta): (Float, Float) = (1.5, -0.5)

    var expected = c.values
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for l in 0..<k {
          let left = a.values[transposed.a ? a.index(l, i) : a.index(i, l)]
          let right = b.values[transposed.b ? b.index(j, l) : b.index(l, j)]
          sum += Double(left) * Double(right)
        }
        let old = c.values[c.index(i, j)]
        expected[c.index(i, j)] = Float(Double(alpha) * sum + Double(beta) * Double(old))
      }
    }

    let result = try queue.makeBuffer(c.values)
    try CLBlast.sgemm(
      m: m, n: n, k: k, alpha: alpha,
      a: matrix(a, try queue.makeBuffer(a.values), isTransposed: transposed.a),
      b: matrix(b, try queue.makeBuffer(b.values), isTransposed: transposed.b),
      beta: beta, c: matrix(c, result), on: queue)
    let actual = try queue.floats(result, count: c.values.count)
    for (actual, expected) in zip(actual, expected) {
      // 20 terms of size up to 1.5, each off by half an ulp at most: 20 · 1.5 · 20 · 2^-24 = 4e-5
      // in the worst case; what lies between the rows must not change at all.
      #expect(abs(actual - expected) < 4e-5)
    }
    for row in 0..<m {
      for padding in n..<n + 2 {
        #expect(actual[c.index(row, padding)] == c.values[c.index(row, padding)])
      }
    }
    #expect(queue.enqueuedKernels == 1)
  }

  @Test(arguments: TestDevices.all)
  func mistakesHaveCLBlastsNames(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let buffer = try queue.makeBuffer(Array(repeating: 0, count: 64))
    let square = CLBlast.Matrix(buffer, leadingDimension: 8)
    let narrow = CLBlast.Matrix(buffer, leadingDimension: 4)
    let table: [(name: String, m: Int, CLBlast.Matrix, CLBlast.Matrix, CLBlast.Matrix)] = [
      ("CLBlastInvalidDimension", 0, square, square, square),
      ("CLBlastInvalidLeadDimA", 8, narrow, square, square),
      ("CLBlastInvalidLeadDimB", 8, square, narrow, square),
      ("CLBlastInvalidLeadDimC", 8, square, square, narrow),
    ]
    for (name, m, a, b, c) in table {
      let error = try #require(throws: OpenCLError.self) {
        try CLBlast.sgemm(m: m, n: 8, k: 8, a: a, b: b, c: c, on: queue)
      }
      #expect(error.name == name)
      #expect(error.description.contains("CLBlastSgemm on \(device.name): [\(m), 8] · [8, 8]"))
    }
  }

  private func matrix(_ stored: Stored, _ buffer: DeviceBuffer, isTransposed: Bool = false)
    -> CLBlast.Matrix
  {
    CLBlast.Matrix(
      buffer, offset: stored.offset, leadingDimension: stored.leadingDimension,
      isTransposed: isTransposed)
  }
}
