import Hypertower

/// What a run would be, without a step of it.
struct DryRun {
  let network: NetworkDescription.Network
  let optimization: Optimization
  let settings: TrainingSettings
  /// The settings with their names, as reports have them.
  let rows: [(name: String, value: String)]
  let data: TrainingData
  let stepsPerEpoch: Int
  let device: Device
  /// The number of ranks that share each batch.
  let ranks: Int

  /// The lines that tell it: the settings, the parameters with their shapes, what a step computes, the memory, and the
  /// device.
  ///
  /// - Throws: `InputError` for a tower that does not fit the model.
  func lines() throws -> [String] {
    let memory = try MemoryCheck.estimate(
      network, optimization, train: data.train, test: data.measures.map(\.data),
      batchSize: settings.batchSize, sharing: settings.sharing(ranks: ranks), on: device)
    let products = try network.products(
      on: data.train, batchSize: settings.batchSize, device: device)
    let epochs = formatted("%.4g", Double(settings.steps) / Double(stepsPerEpoch))
    let facts = [
      ("parameters", "\(parameters.reduce(0) { $0 + $1.tensor.shape.elementCount })"),
      ("run", "\(settings.steps) steps, \(epochs) × \(data.train.count) samples"),
      (
        "step",
        "\(settings.batchSize) samples, \(formatted("%.4g", products.operations / 1e9)) GFLOP in products"
      ),
      ("launches", launches(memory)),
      (
        "memory",
        "\(size(memory.byteCount)), \(size(memory.largestByteCount)) of it in one piece; there are "
          + size(device.memorySize)
      ),
      ("device", "\(device)"),
    ]
    return table(rows.map { [$0.name, $0.value] }) + [""]
      + table(
        parameters.map {
          ["\($0.name)", "\($0.tensor.shape)", "\($0.tensor.shape.elementCount)"]
        }) + [""] + table(facts.map { [$0, $1] })
  }

  private func launches(_ estimate: MemoryEstimate) -> String {
    guard let count = estimate.launches else {
      return
        "none on \(device.name), which takes a step's \(estimate.instructionCount) instructions in turn"
    }
    if count.replays > 1 { return "one for up to \(count.replays) steps" }
    return "\(count.launches) a step"
  }

  private func size(_ bytes: Int) -> String {
    bytes < 1 << 30
      ? formatted("%.1f MiB", Double(bytes) / 0x1p20)
      : formatted("%.2f GiB", Double(bytes) / 0x1p30)
  }

  private var parameters: [(name: String, tensor: Tensor)] { network.module.parameters }
}
