import Hypertower

/// What no step of a network can be faster than: the device's arithmetic, and the products alone.
struct StepFloor {
  /// The greatest rate of fused multiply-adds, in 10⁹ operations a second.
  let peak: Double
  /// Milliseconds for the products of a step, back to back, the median of all rounds.
  let products: Double
  /// The arithmetic of a step, in 10⁹ operations.
  let operations: Double

  /// Milliseconds for the arithmetic of a step at the peak rate.
  var arithmetic: Double { operations / peak * 1000 }

  init(_ network: BenchmarkNetwork, on device: Device, rounds: Int) throws {
    guard let backend = device.backend as? OpenCLBackend else {
      throw Failure(.usage, "--floor needs an OpenCL device; this is \(device)")
    }
    operations = network.operations / 1e9
    let program = Self.program(network)
    let executable = try backend.prepare(
      program, arrays: try program.buffers.map { try backend.allocate(.real, count: $0.count) })
    var times: [Double] = []
    var peak = 0.0
    for round in 0...rounds {
      peak = max(peak, try backend.peakRate(rounds: 3) / 1e9)
      let start = ContinuousClock.now
      try backend.run(executable, from: 0, count: BenchmarkNetwork.steps)
      try backend.synchronize()
      let elapsed = (ContinuousClock.now - start).seconds
      // The first round builds the kernels.
      if round > 0 { times.append(elapsed * 1000 / Double(BenchmarkNetwork.steps)) }
    }
    self.peak = peak
    products = times.median
  }

  /// The products, each with operands and a result of its own.
  private static func program(_ network: BenchmarkNetwork) -> Program {
    var program = Program()
    for shape in network.products {
      program.instructions.append(.matrixProduct(MatrixProduct(shape, in: &program)))
    }
    return program
  }
}
