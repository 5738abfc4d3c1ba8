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
    let needed = recorder.tape.needed(by: nodes)

    var program = Program()
    var arrays: [any DeviceArray] = []
    func add(_ count: Int) throws -> Span {
      arrays.append(try backend.allocate(.real, count: count))
      return Span(buffer: program.addBuffer(.real, count: count))
    }
    var leaves: [Int: Span] = [:]
    for (index, node) in recorder.tape.nodes.enumerated() where needed[index] {
      guard case .leaf(let number) = node.operation else { continue }
      guard case .values(let values) = recorder.leaves[number] else {
        fatalError("array: the tensor depends on parameters or inputs without values")
      }
      leaves[number] = try add(values.count)
      try backend.write(.float32(values), to: arrays[arrays.count - 1], at: 0)
    }
    var outputs: [(node: Tape.Index, span: Span)] = []
    for (node, tensor) in zip(nodes, tensors) {
      outputs.append((node, try add(tensor.shape.elementCount)))
    }
    let workspace = program.buffers.count
    let result = Lowering.lower(
      recorder.tape, leaves: leaves, outputs: outputs, workspace: workspace, fuses: fuses)
    _ = try add(result.workspaceSize)
    program.instructions = result.instructions
    try backend.run(try backend.prepare(program, arrays: arrays))
    return try zip(outputs, tensors).map { output, tensor in
      try backend.read(0..<tensor.shape.elementCount, of: arrays[output.span.buffer])
    }
  }
}
