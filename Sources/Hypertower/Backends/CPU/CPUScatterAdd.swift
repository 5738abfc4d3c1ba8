/// Adds rows of values to those of a result, one after another.
final class CPUScatterAdd<Element: HostReal>: CPUStep {
  private let scatter: ScatterAdd
  private let values: UnsafeMutablePointer<Element>
  private let indices: UnsafeMutablePointer<Element>
  private let result: UnsafeMutablePointer<Element>

  init(_ scatter: ScatterAdd, _ memory: CPUMemory<Element>) {
    self.scatter = scatter
    values = memory.reals(scatter.values)
    indices = memory.reals(scatter.indices)
    result = memory.reals(scatter.result)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let (rows, width, count) = (scatter.rows, scatter.width, scatter.count)
    result.update(repeating: 0, count: scatter.matrices * rows * width)
    for matrix in 0..<scatter.matrices {
      for i in 0..<count {
        let place = matrix * count + i
        guard let row = indices[place].rowNumber(of: rows) else { continue }
        let (source, target) = (values + place * width, result + (matrix * rows + row) * width)
        for j in 0..<width { target[j] += source[j] }
      }
    }
  }
}

extension HostReal {
  /// The row that the number names, if it is a whole one in 0..<`rows`.
  func rowNumber(of rows: Int) -> Int? {
    self >= 0 && self < Self(rows) && self == rounded(.down) ? Int(self) : nil
  }
}
