import Collectives
import Hypertower

extension NetworkDescription.Network {
  /// A trainer of the network with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - plannedSteps: the length of the run, which schedules follow; default: none, for towers without one.
  ///   - seed: what the weights and the order of samples are drawn from; default: 0.
  ///   - shards, synchronizesBatchNorm, collective: as in `Trainer`.
  /// - Throws: as `Trainer` does.
  func trainer(
    _ optimization: Optimization, plannedSteps: Int? = nil, on device: Device, seed: UInt64 = 0,
    shards: Int? = nil, synchronizesBatchNorm: Bool = false, collective: (any Collective)? = nil
  ) throws -> Trainer {
    try Trainer(
      module, loss: loss, sampleShape: sampleShape, optimizer: optimization.tower,
      firstStep: optimization.firstStep, average: optimization.average,
      plannedSteps: plannedSteps, on: device, seed: seed, shards: shards,
      synchronizesBatchNorm: synchronizesBatchNorm, collective: collective)
  }

  /// The matrix products of a training step.
  ///
  /// - Throws: `InputError` if there are fewer samples than a batch has.
  func products(on data: Dataset, batchSize: Int, device: Device) throws -> StepProducts {
    try StepProducts(
      module, loss: loss, sampleShape: sampleShape, on: data, batchSize: batchSize, device: device)
  }

  /// A trainer that only evaluates and predicts.
  func evaluator(on device: Device) throws -> Trainer {
    try trainer(Optimization(tower: SGD(0).tower), on: device)
  }
}
