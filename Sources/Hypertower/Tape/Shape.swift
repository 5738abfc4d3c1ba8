/// The extents of a tensor, outermost first; `[]` is a single number.
public typealias Shape = [Int]

extension Shape {
  /// The number of elements.
  package var elementCount: Int { reduce(1, *) }

  /// The distance between neighbours along each axis of a contiguous array of this shape.
  package var contiguousStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    for axis in indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  /// The shape that operands of shapes `self` and `other` are both stretched to, aligned at their
  /// last axes, or nil where an axis has two different extents other than 1.
  func broadcast(with other: Shape) -> Shape? {
    let rank = Swift.max(count, other.count)
    let (left, right) = (aligned(toRank: rank), other.aligned(toRank: rank))
    var result = left
    for axis in 0..<rank where left[axis] != right[axis] {
      if left[axis] == 1 {
        result[axis] = right[axis]
      } else if right[axis] != 1 {
        return nil
      }
    }
    return result
  }

  /// Neighbouring axes of this shape and of `other` that hold as many elements, as few as can be.
  ///
  /// - Precondition: the shapes have as many elements, and not none.
  func groups(with other: Shape) -> [(own: Range<Int>, other: Range<Int>)] {
    var result: [(own: Range<Int>, other: Range<Int>)] = []
    var (from, to) = (0, 0)
    while from < count || to < other.count {
      let (firstFrom, firstTo) = (from, to)
      var (size, otherSize) = (1, 1)
      repeat {
        if size <= otherSize, from < count || to == other.count {
          size *= self[from]
          from += 1
        } else {
          otherSize *= other[to]
          to += 1
        }
      } while size != otherSize
      result.append((firstFrom..<from, firstTo..<to))
    }
    return result
  }

  /// This shape with axes of extent 1 in front, up to `rank`.
  func aligned(toRank rank: Int) -> Shape {
    Shape(repeating: 1, count: rank - count) + self
  }

  /// This shape with extent 1 along `axes`.
  func collapsed(along axes: [Int]) -> Shape {
    indices.map { axes.contains($0) ? 1 : self[$0] }
  }

  /// This shape without `axes`.
  func removing(_ axes: [Int]) -> Shape {
    indices.filter { !axes.contains($0) }.map { self[$0] }
  }
}

extension ArraySlice<Int> {
  /// The number of elements.
  var elementCount: Int { reduce(1, *) }
}
