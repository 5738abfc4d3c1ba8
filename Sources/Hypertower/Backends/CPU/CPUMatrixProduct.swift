import Dispatch

/// `[m, k] · [k, n]`, by rows of the result.
///
/// Four rows at a time add scaled rows of the right matrix, which the compiler turns into vector
/// instructions; a right matrix that comes transposed is brought into rows first.
final class CPUMatrixProduct<Element: HostReal>: CPUStep {
  private let product: MatrixProduct
  private let left: UnsafeMutablePointer<Element>
  private let right: UnsafeMutablePointer<Element>
  private let loads: [UnsafeMutablePointer<Element>]
  private let outputs: [UnsafeMutablePointer<Element>]
  private let rightRows: UnsafeMutablePointer<Element>?
  /// Where rows, terms and matrices of the left operand lie.
  private let rowPlaces: [Int]
  private let termPlaces: [Int]
  private let matrixPlaces: [Int]

  init(_ product: MatrixProduct, _ memory: CPUMemory<Element>) {
    self.product = product
    left = memory.reals(product.left.span)
    right = memory.reals(product.right.span)
    let (rows, inner, isTransposed) = (product.rows, product.inner, product.left.isTransposed)
    let view =
      product.left.view
      ?? MatrixView(
        matrices: .init([product.matrices], strides: [rows * inner]),
        rows: .init([rows], strides: [isTransposed ? 1 : inner]),
        terms: .init([inner], strides: [isTransposed ? rows : 1]))
    rowPlaces = (0..<rows).map(view.rows.place)
    termPlaces = (0..<inner).map(view.terms.place)
    matrixPlaces = (0..<product.matrices).map(view.matrices.place)
    loads = product.loads.map { memory.reals($0.span) }
    outputs = product.outputs.map { memory.reals($0.span) }
    rightRows =
      product.right.isTransposed
      ? .allocate(capacity: Swift.max(1, product.matrices * product.inner * product.columns)) : nil
  }

  deinit { rightRows?.deallocate() }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let (inner, columns) = (product.inner, product.columns)
    if let rightRows {
      for matrix in 0..<product.matrices {
        let (rows, right) = (
          rightRows + matrix * inner * columns, right + matrix * inner * columns
        )
        for k in 0..<inner {
          for j in 0..<columns { rows[k * columns + j] = right[j * inner + k] }
        }
      }
    }
    // Rows are independent, so that how many threads share them changes no bit.
    let stripe = 16
    let stripesOfEach = (product.rows + stripe - 1) / stripe
    let stripes = product.matrices * stripesOfEach
    nonisolated(unsafe) let work = self
    @Sendable func run(_ number: Int) {
      let start = number % stripesOfEach * stripe
      work.run(
        matrix: number / stripesOfEach,
        rows: start..<Swift.min(work.product.rows, start + stripe))
    }
    if product.allRows * inner * columns < 1 << 18 {
      for number in 0..<stripes { run(number) }
    } else {
      DispatchQueue.concurrentPerform(iterations: stripes, execute: run)
    }
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func run(matrix: Int, rows: Range<Int>) {
    let columns = product.columns
    let total = UnsafeMutablePointer<Element>.allocate(capacity: 8 * columns)
    defer { total.deallocate() }
    let block = total + 4 * columns
    let epilogue = ChunkEvaluator<Element>(
      product.epilogue, outputs: product.outputs.map(\.node), capacity: columns)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: 4) {
      let count = Swift.min(4, rows.upperBound - start)
      multiply(matrix: matrix, row: start, count: count, total: total, block: block)
      for row in 0..<count {
        store(row: matrix * product.rows + start + row, total + row * columns, epilogue)
      }
    }
  }

  private func multiply(
    matrix: Int, row: Int, count: Int, total: UnsafeMutablePointer<Element>,
    block: UnsafeMutablePointer<Element>
  ) {
    let (inner, columns) = (product.inner, product.columns)
    let left = left + matrixPlaces[matrix]
    let rightRows = (rightRows ?? right) + matrix * inner * columns
    total.initialize(repeating: 0, count: 4 * columns)
    for start in stride(from: 0, to: inner, by: MatrixProduct.blockSize) {
      block.initialize(repeating: 0, count: 4 * columns)
      for k in start..<Swift.min(inner, start + MatrixProduct.blockSize) {
        let b = rightRows + k * columns
        let a = left + termPlaces[k]
        if count == 4 {
          let (a0, a1, a2, a3) = (
            a[rowPlaces[row]], a[rowPlaces[row + 1]], a[rowPlaces[row + 2]], a[rowPlaces[row + 3]]
          )
          let (c0, c1, c2, c3) = (
            block, block + columns, block + 2 * columns, block + 3 * columns
          )
          for j in 0..<columns {
            let bj = b[j]
            c0[j] += a0 * bj
            c1[j] += a1 * bj
            c2[j] += a2 * bj
            c3[j] += a3 * bj
          }
        } else {
          for r in 0..<count {
            let (scale, c) = (a[rowPlaces[row + r]], block + r * columns)
            for j in 0..<columns { c[j] += scale * b[j] }
          }
        }
      }
      for i in 0..<count * columns { total[i] += block[i] }
    }
  }

  private func store(
    row: Int, _ values: UnsafeMutablePointer<Element>,
    _ epilogue: borrowing ChunkEvaluator<Element>
  ) {
    let columns = product.columns
    epilogue.evaluate(count: columns) { input, register in
      if input == MatrixProduct.productInput {
        register.update(from: values, count: columns)
        return
      }
      let load = product.loads[input - 1]
      let start = loads[input - 1] + load.rows.place(of: row)
      for j in 0..<columns { register[j] = start[j * load.columnStride] }
    }
    for (output, target) in zip(product.outputs, outputs) {
      (target + row * columns).update(from: epilogue.values(output.node), count: columns)
    }
  }
}
