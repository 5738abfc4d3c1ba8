extension Tensor {
  /// The values, the last axis running fastest.
  ///
  /// - Parameter device: where they are computed; default: the CPU backend.
  /// - Throws: what the device reports.
  /// - Precondition: the tensor does not depend on parameters, which only a trainer has values for.
  public func array(on device: Device = .cpu) throws -> [Float] {
    try Tensor.evaluate([self], on: device.backend)[0].floats
  }

  /// The value of a tensor of one element.
  public func item(on device: Device = .cpu) throws -> Float {
    require(shape.elementCount == 1, "item: \(shape) is not one element")
    return try array(on: device)[0]
  }

  /// The values of several tensors, computed together.
  ///
  /// - Parameter fuses: whether operations are put together into launches.
  package static func evaluate(
    _ tensors: [Tensor], on backend: any Backend, fuses: Bool = true
  ) throws -> [HostArray] {
    let recorder = TapeRecorder()
    for tensor in tensors { _ = recorder.adopt(tensor.index, from: tensor.recorder) }
    for leaf in recorder.leaves {
      guard case .values = leaf else {
        fatalError("array: the tensor depends on parameters or inputs without values")
      }
    }
    return try TensorProgram(tensors, of: [], updating: [], seed: 0, fuses: fuses, on: backend)
      .run()
  }
}
