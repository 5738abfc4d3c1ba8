import Hypertower

/// Whether a run will fit into a device's memory.
enum MemoryCheck {
  /// Checks before anything is allocated there.
  ///
  /// - Throws: `Failure(.memory)` with what is needed, what there is, and the batch size that would fit.
  static func check(
    _ network: NetworkDescription.Network, _ optimization: Optimization, train: Dataset,
    test: [Dataset], batchSize: Int, sharing: MemoryEstimate.Sharing = .init(), on device: Device
  ) throws {
    func estimate(_ batchSize: Int) throws -> MemoryEstimate {
      try Self.estimate(
        network, optimization, train: train, test: test, batchSize: batchSize, sharing: sharing,
        on: device)
    }
    func fits(_ estimate: MemoryEstimate) -> Bool {
      estimate.byteCount <= device.memorySize && estimate.largestByteCount <= device.largestPiece
    }
    let needed = try estimate(batchSize)
    guard !fits(needed) else { return }
    // The largest that fits, between one that does and one that does not.
    var (low, high) = (0, batchSize)
    while low + 1 < high {
      let middle = (low + high) / 2
      if fits(try estimate(middle)) { low = middle } else { high = middle }
    }
    throw Failure(
      .memory,
      "training needs \(gibibytes(needed.byteCount)), \(gibibytes(needed.largestByteCount)) of it in "
        + "one piece; \(device) has \(gibibytes(device.memorySize)), at most "
        + "\(gibibytes(device.largestPiece)) in one piece: "
        + (low > 0 ? "--batch-size \(low) would fit" : "choose a smaller network"))
  }

  /// What a run will need.
  static func estimate(
    _ network: NetworkDescription.Network, _ optimization: Optimization, train: Dataset,
    test: [Dataset], batchSize: Int, sharing: MemoryEstimate.Sharing, on device: Device
  ) throws -> MemoryEstimate {
    try MemoryEstimate(
      network.module, loss: network.loss, sampleShape: network.sampleShape,
      optimizer: optimization.tower,
      firstStep: optimization.firstStep, average: optimization.average, on: device,
      data: train, testData: test, batchSize: batchSize, sharing: sharing)
  }

  private static func gibibytes(_ bytes: Int) -> String {
    formatted("%.2f", Double(bytes) / 0x1p30) + " GiB"
  }
}
