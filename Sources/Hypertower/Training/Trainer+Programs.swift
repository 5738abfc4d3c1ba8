/// What a trainer compiles, and keeps.
extension Trainer {
  func resident(_ data: Dataset) throws -> DeviceDataset {
    if let dataset, dataset.dataset.identity === data.identity { return dataset }
    let copy = try DeviceDataset(data, on: device.backend, limit: device.residentLimit)
    dataset = copy
    forgetPrograms()
    return copy
  }

  func step(
    _ data: DeviceDataset, batch: Int, batchSize: Int, shuffled: Bool
  ) throws -> CompiledStep {
    let key = StepKey(
      dataset: ObjectIdentifier(data), batch: batch, batchSize: batchSize, isShuffled: shuffled)
    if let known = steps[key] { return known }
    let program = try stepProgram(data, batch: batch, batchSize: batchSize, shuffled: shuffled)
    let executable = try device.backend.prepare(
      program.program, alternatives: state.alternatives(to: program.arrays))
    let step = CompiledStep(executable: executable, stream: program.stream)
    steps[key] = step
    return step
  }

  /// Forward, backward, up the tower and down again, for batches of one size.
  private func stepProgram(
    _ data: DeviceDataset, batch: Int, batchSize: Int, shuffled: Bool
  ) throws -> BatchProgram {
    let step = TracedStep(self, data, batch: batch)
    var program = try BatchProgram(
      data, columns: step.trace.columns.requested, batch: batch, stride: batchSize,
      counter: (state.counters, TowerLayout.Counter.batch),
      permutation: permutation(data.dataset, shuffled), fuses: device.fuses, on: device.backend)
    let (arena, gradient, lossSpan) = (
      program.bind(state.arena), program.bind(state.gradients[0]),
      program.bind(state.loss)
    )
    try program.append(
      step.trace.output.recorder, leaves: step.leaves(in: &program, arena: arena, state),
      outputs: [(step.loss, lossSpan)]
        + step.gradients.map { ($0.tensor, gradient.advanced(by: state.offsets[$0.parameter])) },
      updates: state.stateUpdates(step.trace, in: &program),
      counters: program.bind(state.counters))
    try state.appendAdjustment(to: &program, gradient: gradient, arena: arena, loss: lossSpan)
    return program
  }
}
