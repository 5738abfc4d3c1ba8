/// Matrices that lie in memory as a view of it: element (i, k) of matrix m is the sum of places that m, i and k have.
///
/// Windows, of which memory has no copy, are such matrices.
package struct MatrixView: Hashable, Sendable {
  /// Indices into `shape`, in their order, and how far apart neighbours along each axis lie.
  package struct Axes: Hashable, Sendable {
    package private(set) var shape: Shape = []
    package private(set) var strides: [Int] = []

    /// Axes are as few as the strides allow.
    package init(_ shape: Shape, strides: [Int]) {
      for (extent, stride) in zip(shape, strides) where extent != 1 {
        if let last = self.strides.last, last == stride * extent {
          self.shape[self.shape.count - 1] *= extent
          self.strides[self.strides.count - 1] = stride
        } else {
          self.shape.append(extent)
          self.strides.append(stride)
        }
      }
    }

    /// Where number `index` lies.
    package func place(of index: Int) -> Int {
      var (rest, place) = (index, 0)
      for (extent, stride) in zip(shape, strides).reversed() {
        place += rest % extent * stride
        rest /= extent
      }
      return place
    }

    /// How far the places reach.
    var reach: (before: Int, after: Int) {
      zip(shape, strides).reduce(into: (0, 0)) { reach, axis in
        let end = (axis.0 - 1) * axis.1
        reach.0 += Swift.min(0, end)
        reach.1 += Swift.max(0, end)
      }
    }
  }

  package let matrices: Axes
  package let rows: Axes
  package let terms: Axes
  /// Terms that need not be added, if some are known to be zeros.
  package let zeros: ZeroRuns?

  package init(matrices: Axes, rows: Axes, terms: Axes, zeros: ZeroRuns? = nil) {
    (self.matrices, self.rows, self.terms, self.zeros) = (matrices, rows, terms, zeros)
  }

  /// What of the memory that begins at `span` is read.
  func access(_ span: Span) -> MemoryAccess {
    let reaches = [matrices, rows, terms].map(\.reach)
    let before = reaches.reduce(0) { $0 + $1.before }
    return MemoryAccess(
      span.advanced(by: before), count: reaches.reduce(1 - before) { $0 + $1.after },
      isWrite: false)
  }
}
