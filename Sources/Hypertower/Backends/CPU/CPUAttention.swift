import Dispatch
import RealModule

/// Attention, a query at a time: its scores are all that there is of them.
final class CPUAttention<Element: HostReal>: CPUStep {
  fileprivate let sizes: BlockwiseAttention.Sizes
  fileprivate let queries: CPURows<Element>
  fileprivate let keys: CPURows<Element>
  fileprivate let values: CPURows<Element>
  fileprivate let means: UnsafeMutablePointer<Element>
  fileprivate let logSums: UnsafeMutablePointer<Element>

  init(_ attention: BlockwiseAttention, _ memory: CPUMemory<Element>) {
    sizes = attention.sizes
    queries = CPURows(attention.queries, memory)
    keys = CPURows(attention.keys, memory)
    values = CPURows(attention.values, memory)
    means = memory.reals(attention.means)
    logSums = memory.reals(attention.logSums)
  }

  func run() {
    nonisolated(unsafe) let work = self
    // Matrices are independent, so that how many threads share them changes no bit.
    DispatchQueue.concurrentPerform(iterations: sizes.matrices) { work.run(matrix: $0) }
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func run(matrix: Int) {
    let (values, depth) = (values[matrix], sizes.depth)
    var scores = [Element](repeating: 0, count: sizes.keys)
    for query in 0..<sizes.queries {
      let count = score(query, of: matrix, &scores)
      var greatest = -Element.infinity
      for key in 0..<count where scores[key] > greatest { greatest = scores[key] }
      let shift = greatest.isFinite ? greatest : 0
      var total: Element = 0
      for key in 0..<count {
        scores[key] = .exp(scores[key] - shift)
        total += scores[key]
      }
      let row = matrix * sizes.queries + query
      logSums[row] = .log(total) + shift
      let result = means + row * depth
      result.update(repeating: 0, count: depth)
      for key in 0..<count {
        let (weight, value) = (scores[key] / total, values.row(key))
        for d in 0..<depth { result[d] += weight * value[d] }
      }
    }
  }

  /// Puts the scores of the keys that a query looks at into `scores`, and returns their number.
  fileprivate func score(_ query: Int, of matrix: Int, _ scores: inout [Element]) -> Int {
    let (own, keys) = (queries[matrix].row(query), keys[matrix])
    let count = sizes.attention.isCausal ? Swift.min(query + 1, sizes.keys) : sizes.keys
    let scale = Element(sizes.attention.scale)
    for key in 0..<count {
      let other = keys.row(key)
      var sum: Element = 0
      for k in 0..<sizes.width { sum += own[k] * other[k] }
      scores[key] = sum * scale
    }
    return count
  }
}

/// What attention sends back, a query at a time.
final class CPUAttentionGradient<Element: HostReal>: CPUStep {
  private let attention: CPUAttention<Element>
  private let cotangent: CPURows<Element>
  private let ofQueries: UnsafeMutablePointer<Element>
  private let ofKeys: UnsafeMutablePointer<Element>
  private let ofValues: UnsafeMutablePointer<Element>

  init(_ gradient: BlockwiseAttentionGradient, _ memory: CPUMemory<Element>) {
    attention = CPUAttention(gradient.attention, memory)
    cotangent = CPURows(gradient.cotangent, memory)
    ofQueries = memory.reals(gradient.ofQueries)
    ofKeys = memory.reals(gradient.ofKeys)
    ofValues = memory.reals(gradient.ofValues)
  }

  func run() {
    nonisolated(unsafe) let work = self
    DispatchQueue.concurrentPerform(iterations: attention.sizes.matrices) { work.run(matrix: $0) }
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func run(matrix: Int) {
    let sizes = attention.sizes
    let (width, depth) = (sizes.width, sizes.depth)
    let (keys, values) = (attention.keys[matrix], attention.values[matrix])
    let ofKeys = ofKeys + matrix * sizes.keys * width
    let ofValues = ofValues + matrix * sizes.keys * depth
    ofKeys.update(repeating: 0, count: sizes.keys * width)
    ofValues.update(repeating: 0, count: sizes.keys * depth)
    let scale = Element(sizes.attention.scale)
    var scores = [Element](repeating: 0, count: sizes.keys)
    for query in 0..<sizes.queries {
      let count = attention.score(query, of: matrix, &scores)
      let row = matrix * sizes.queries + query
      let (own, cotangent) = (attention.queries[matrix].row(query), cotangent[matrix].row(query))
      let (mean, logSum) = (attention.means + row * depth, attention.logSums[row])
      var product: Element = 0
      for d in 0..<depth { product += cotangent[d] * mean[d] }
      let result = ofQueries + row * width
      result.update(repeating: 0, count: width)
      for j in 0..<count {
        let weight = Element.exp(scores[j] - logSum)
        let (key, value) = (keys.row(j), values.row(j))
        var ofWeight: Element = 0
        for d in 0..<depth {
          ofWeight += cotangent[d] * value[d]
          ofValues[j * depth + d] += weight * cotangent[d]
        }
        let ofScore = scale * weight * (ofWeight - product)
        for k in 0..<width {
          result[k] += ofScore * key[k]
          ofKeys[j * width + k] += ofScore * own[k]
        }
      }
    }
  }
}

/// Matrices with contiguous rows.
private struct CPURows<Element: HostReal> {
  /// One of the matrices.
  struct Matrix {
    let start: UnsafeMutablePointer<Element>
    let rowStride: Int

    func row(_ number: Int) -> UnsafeMutablePointer<Element> { start + number * rowStride }
  }

  private let start: UnsafeMutablePointer<Element>
  private let rows: BlockwiseAttention.Rows

  init(_ rows: BlockwiseAttention.Rows, _ memory: CPUMemory<Element>) {
    self.rows = rows
    start = memory.reals(rows.span)
  }

  subscript(matrix: Int) -> Matrix {
    Matrix(start: start + rows.matrices.place(of: matrix), rowStride: rows.rowStride)
  }
}
