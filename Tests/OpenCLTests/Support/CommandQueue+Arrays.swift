import OpenCL

extension CommandQueue {
  /// A new buffer that holds `values`.
  func makeBuffer(_ values: [Float]) throws -> DeviceBuffer {
    let buffer = try DeviceBuffer(
      byteCount: values.count * MemoryLayout<Float>.stride, in: context)
    try values.withUnsafeBytes { try enqueueWrite(buffer, bytes: $0, blocking: true) }
    return buffer
  }

  /// The first `count` floats of `buffer`, from byte `offset` on.
  func floats(_ buffer: DeviceBuffer, count: Int, offset: Int = 0) throws -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    try values.withUnsafeMutableBytes { try read(buffer, offset: offset, into: $0) }
    return values
  }
}
