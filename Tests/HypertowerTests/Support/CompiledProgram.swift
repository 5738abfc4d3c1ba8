import Testing

@testable import Hypertower

/// The program that computes tensors into buffers of its own.
func compiledProgram(_ tensors: [Tensor]) -> Program {
  let recorder = tensors[0].recorder
  let nodes = tensors.map { recorder.adopt($0.index, from: $0.recorder) }
  var program = Program()
  var leaves: [Int: Span] = [:]
  for node in recorder.tape.nodes {
    guard case .leaf(let number) = node.operation else { continue }
    leaves[number] = Span(buffer: program.addBuffer(.real, count: node.shape.elementCount))
  }
  let outputs = zip(nodes, tensors).map { node, tensor in
    let buffer = program.addBuffer(.real, count: tensor.shape.elementCount)
    return (node: node, span: Span(buffer: buffer))
  }
  Lowering.lower(recorder.tape, leaves: leaves, outputs: outputs, into: &program)
  #expect(ProgramValidator.firstFault(in: program) == nil)
  return program
}

extension Program {
  /// The number of elements of all temporary buffers.
  var temporaryElements: Int {
    buffers.filter(\.isTemporary).reduce(0) { $0 + $1.count }
  }
}
