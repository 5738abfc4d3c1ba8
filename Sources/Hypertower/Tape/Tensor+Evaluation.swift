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
    guard let first = tensors.first else { return [] }
    let recorder = first.recorder
    let nodes = tensors.map { recorder.adopt($0.index, from: $0.recorder) }
    let needed = recorder.tape.neededForValues(of: nodes)

    var program = Program()
    program.fuses = fuses
    var arrays: [(any DeviceArray)?] = []
    func add(_ count: Int) throws -> (array: any DeviceArray, span: Span) {
      let array = try backend.allocate(.real, count: count)
      arrays.append(array)
      return (array, Span(buffer: program.addBuffer(.real, count: count)))
    }
    var leaves: [Int: Span] = [:]
    for (index, node) in recorder.tape.nodes.enumerated() where needed[index] {
      guard case .leaf(let number) = node.operation else { continue }
      guard case .values(let values) = recorder.leaves[number] else {
        fatalError("array: the tensor depends on parameters or inputs without values")
      }
      let (array, span) = try add(values.count)
      leaves[number] = span
      try backend.write(.float32(values), to: array, at: 0)
    }
    let results = try tensors.map { try add($0.shape.elementCount) }
    Lowering.lower(
      recorder.tape, leaves: leaves,
      outputs: zip(nodes, results).map { (node: $0, span: $1.span) }, into: &program)
    while arrays.count < program.buffers.count { arrays.append(nil) }
    try backend.run(try backend.prepare(program, arrays: arrays))
    return try zip(results, tensors).map { result, tensor in
      try backend.read(0..<tensor.shape.elementCount, of: result.array)
    }
  }
}
