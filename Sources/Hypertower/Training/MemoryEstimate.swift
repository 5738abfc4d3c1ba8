/// What training and evaluation will need of a device's memory, before any of it is taken, and how a step runs there.
package struct MemoryEstimate {
  /// The number of bytes in all.
  package let byteCount: Int
  /// The number of bytes of the largest piece.
  package let largestByteCount: Int
  /// How a step is launched; nil on the CPU backend, which has no launches.
  package let launches: LaunchCount?
  /// The number of instructions of a step.
  package let instructionCount: Int

  /// Goes through a step and an evaluation without a device.
  ///
  /// - Parameters:
  ///   - data: what is trained on.
  ///   - testData: the data sets that are evaluated.
  /// - Throws: `InputError`, as `Trainer` does.
  package init(
    _ model: some Module, loss: Loss, sampleShape: Shape? = nil, optimizer: some Optimizer,
    firstStep: Double? = nil,
    average: WeightAverage? = nil, on device: Device,
    data: Dataset, testData: [Dataset], batchSize: Int
  ) throws {
    let backend = MeasuringBackend(device.backend)
    var measured = Device(
      name: device.name, backend: backend, residentLimit: device.residentLimit)
    measured.fuses = device.fuses
    let trainer = try Trainer(
      model, loss: loss, sampleShape: sampleShape, optimizer: optimizer, firstStep: firstStep,
      average: average,
      plannedSteps: 1,
      on: measured)
    try trainer.train(on: data, batchSize: batchSize, steps: 1)
    guard let step = backend.programs.firstIndex(where: \.isTrainingStep) else {
      fatalError("MemoryEstimate: no program of \(backend.programs.count) is a training step")
    }
    instructionCount = backend.programs[step].instructions.count
    launches = (device.backend as? OpenCLBackend)?.launchCount(
      of: backend.programs[step], alternatives: backend.alternatives[step])
    for data in testData { _ = try trainer.evaluate(on: data) }
    byteCount = backend.byteCount
    largestByteCount = backend.largestByteCount
  }
}

extension Device {
  /// The bytes of memory that there are.
  package var memorySize: Int { backend.memorySize }
  /// The bytes of the largest piece that can be had.
  package var largestPiece: Int { min(backend.largestArray, backend.memorySize) }
}
