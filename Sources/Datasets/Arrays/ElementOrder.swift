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
  ///   - strides: how far apart neighbours along each axis lie in `elements`.
  ///   - name: what error messages call the array.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` if a file was cut short meanwhile, `.cannotWrite` when there is no room
  ///   for a temporary file.
  static func rowMajor(
    _ elements: StoredArray<UInt8>, size: Int, shape: [Int], strides: [Int], name: String,
    in budget: MemoryBudget
  ) throws -> StoredArray<UInt8> {
    let count = shape.reduce(1, *)
    var ordered = try StoredArrayBuilder<UInt8>(name, in: budget, expected: count * size)
    let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: blockLength * size)
    defer { block.deallocate() }
    try elements.withBytes { bytes in
      var index = [Int](repeating: 0, count: shape.count)
      var place = 0
      for start in stride(from: 0, to: count, by: blockLength) {
        let length = min(blockLength, count - start)
        for element in 0..<length {
          for byte in 0..<size { block[element * size + byte] = bytes[place * size + byte] }
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
        try ordered.append(
          contentsOf: UnsafeBufferPointer(rebasing: block[..<(length * size)]))
      }
    }
    return try ordered.finish()
  }

  /// How many elements are ordered at a time.
  private static let blockLength = 1 << 16
}
