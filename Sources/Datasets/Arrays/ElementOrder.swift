/// Brings elements of arrays into row-major order.
enum ElementOrder {
  /// How far apart neighbours along each axis lie where the last index runs fastest, in elements.
  static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    Array(columnMajorStrides(shape.reversed()).reversed())
  }

  /// The same where the first index runs fastest.
  static func columnMajorStrides(_ shape: [Int]) -> [Int] {
    var stride = 1
    return shape.map { size in
      defer { stride *= size }
      return stride
    }
  }

  /// The elements of an array of a shape, the last index running fastest.
  ///
  /// - Parameters:
  ///   - size: the number of bytes of an element.
  ///   - strides: how far apart neighbours along each axis lie in `bytes`, in elements.
  static func rowMajor(
    _ bytes: UnsafeRawBufferPointer, size: Int, shape: [Int], strides: [Int]
  ) -> [UInt8] {
    let count = shape.reduce(1, *)
    return [UInt8](unsafeUninitializedCapacity: count * size) { target, initialized in
      initialized = count * size
      var index = [Int](repeating: 0, count: shape.count)
      var place = 0
      for element in 0..<count {
        for byte in 0..<size { target[element * size + byte] = bytes[place * size + byte] }
        var axis = shape.count - 1
        while axis >= 0 {
          index[axis] += 1
          place += strides[axis]
          if index[axis] < shape[axis] { break }
          place -= shape[axis] * strides[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }
}
