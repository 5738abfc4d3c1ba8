/// A batch forwards and backwards, written down.
struct TracedStep {
  let trace: ModelTrace
  /// The leaf of the batch's targets.
  let targets: Tensor
  let loss: Tensor
  /// The gradient of each parameter that a rule moves; what is frozen needs none.
  let gradients: [(parameter: Int, tensor: Tensor)]

  /// - Parameters:
  ///   - batch: the number of its samples.
  ///   - weight: what the loss is multiplied with; default: 1.
  ///   - shards: as in `ModelTrace`.
  init(
    _ trainer: Trainer, _ data: DeviceDataset, batch: Int, weight: Double = 1, shards: [Int]? = nil
  ) {
    let state = trainer.state
    trace = ModelTrace(
      trainer.model, state.contents, inputShape: data.inputShape(batch: batch, trainer.sampleShape),
      columns: data.columnShapes(declared: trainer.columns), isTraining: true, shards: shards)
    let recorder = trace.output.recorder
    targets = Tensor(
      recorder,
      recorder.leaf(.input(name: "targets"), shape: data.targetShape(batch: batch)))
    data.requireClasses(fit: trace.output.shape)
    let whole = trainer.lossFunction(trace.output, targets, trace.columns)
    loss = weight == 1 ? whole : whole * .constant(weight)
    let moving = state.parameters.indices.filter(state.isMoving)
    gradients = Array(
      zip(
        moving,
        Hypertower.gradients(
          of: loss, withRespectTo: moving.map { [trace] in trace.parameterTensors[$0] }))
    ).map { (parameter: $0, tensor: $1) }
  }

  /// Where the leaves lie in a program that gathers such batches.
  func leaves(
    in program: inout BatchProgram, arena: Span, _ state: TrainingState
  ) -> [(tensor: Tensor, span: Span)] {
    var leaves = zip(trace.parameterTensors, state.offsets).map { tensor, offset in
      (tensor: tensor, span: arena.advanced(by: offset))
    }
    leaves += state.stateLeaves(trace, in: &program)
    leaves += [(trace.input, program.x), (targets, program.targets)]
    leaves += program.columns.map { (trace.columns[$0.name], $0.span) }
    return leaves
  }
}
