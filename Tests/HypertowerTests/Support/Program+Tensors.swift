import Testing

@testable import Hypertower

extension Program {
  /// What computes the tensors, each into a buffer of its own; leaves have buffers, too.
  init(computing tensors: [Tensor]) {
    self.init()
    let recorder = tensors[0].recorder
    let nodes = tensors.map { recorder.adopt($0.index, from: $0.recorder) }
    var leaves: [Int: Span] = [:]
    for node in recorder.tape.nodes {
      guard case .leaf(let number) = node.operation else { continue }
      leaves[number] = Span(buffer: addBuffer(.real, count: node.shape.elementCount))
    }
    let outputs = nodes.map {
      (node: $0, span: Span(buffer: addBuffer(.real, count: recorder.tape[$0].shape.elementCount)))
    }
    Lowering.lower(recorder.tape, leaves: leaves, outputs: outputs, into: &self)
    #expect(ProgramValidator.firstFault(in: self) == nil)
  }

  /// The number of elements of all temporary buffers.
  var temporaryElements: Int {
    buffers.filter(\.isTemporary).reduce(0) { $0 + $1.count }
  }
}
