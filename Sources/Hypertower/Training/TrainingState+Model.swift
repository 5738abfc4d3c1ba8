/// The model's states: what steps change but no optimizer does.
extension TrainingState {
  private var stateOffsets: [Int] {
    var end = 0
    return contents.states.map { state in
      defer { end += state.count }
      return end
    }
  }

  /// Where state number `number` of the model begins.
  func stateOffset(_ number: Int) -> Int { stateOffsets[number] }

  /// State number `number` of the model.
  func modelState(_ number: Int) throws -> HostArray {
    let start = stateOffsets[number]
    return try backend.read(start..<start + contents.states[number].count, of: modelStates!)
  }

  func setModelState(_ values: HostArray, of number: Int) throws {
    revision += 1
    try backend.write(values, to: modelStates!, at: stateOffsets[number])
  }

  private func stateSpan(_ number: Int, in program: inout BatchProgram) -> Span {
    var span = program.bind(modelStates!)
    span.offset = stateOffsets[number]
    return span
  }

  /// Where a trace's states lie.
  func stateLeaves(
    _ trace: ModelTrace, in program: inout BatchProgram
  ) -> [(tensor: Tensor, span: Span)] {
    trace.stateTensors.enumerated().map { ($1, stateSpan($0, in: &program)) }
  }

  /// Where what a trace makes of its states goes.
  func stateUpdates(
    _ trace: ModelTrace, in program: inout BatchProgram
  ) -> [(tensor: Tensor, span: Span)] {
    trace.stateUpdates.map { ($0.next, stateSpan($0.state, in: &program)) }
  }
}
