import Hypertower

/// What a step of a network takes at least: its products alone, and, where zeros are not left out, its
/// arithmetic.
struct StepFloor {
  /// The greatest rate of fused multiply-adds, in 10⁹ operations a second.
  let peak: Double
  /// Milliseconds for the products of a step, back to back, the median of all rounds. As in a step,
  /// zeros of sparse data are left out; but the batch is a matrix of floats, which a step may read in place.
  let products: Double
  /// The rate of a product of 2,048³, in 10⁹ operations a second, the best of three.
  let squareProduct: Double
  /// The arithmetic of a step, in 10⁹ operations, those with zeros included.
  let operations: Double

  /// Milliseconds for the arithmetic of a step at the peak rate.
  var arithmetic: Double { operations / peak * 1000 }

  init(_ network: BenchmarkNetwork, on device: Device, rounds: Int) throws {
    guard let backend = device.backend as? OpenCLBackend else {
      throw Failure(.usage, "--floor needs an OpenCL device; this is \(device)")
    }
    let ofStep = try network.products(on: device)
    operations = ofStep.operations / 1e9
    var (times, peak) = ([Double](), 0.0)
    let (program, samples) = ofStep.program()
    let products = try Self.executable(
      program, on: backend, contents: samples.map { ($0, network.firstBatch) })
    for round in 0...rounds {
      peak = max(peak, try backend.peakRate(rounds: 3) / 1e9)
      let seconds = try Self.seconds(of: products, count: BenchmarkNetwork.steps, on: backend)
      // The first round builds the kernels.
      if round > 0 { times.append(seconds * 1000 / Double(BenchmarkNetwork.steps)) }
    }
    self.peak = peak
    self.products = times.median

    let square = ProductShape(
      rows: 2048, inner: 2048, columns: 2048, isLeftTransposed: false, isRightTransposed: false)
    var squareProgram = Program()
    squareProgram.instructions = [.matrixProduct(MatrixProduct(square, in: &squareProgram))]
    let product = try Self.executable(squareProgram, on: backend)
    let fastest = try (0...3).map { _ in try Self.seconds(of: product, count: 1, on: backend) }
      .min()!
    squareProduct = 2 * 2048 * 2048 * 2048 / fastest / 1e9
  }

  private static func seconds(
    of executable: any Executable, count: Int, on backend: OpenCLBackend
  ) throws -> Double {
    let start = ContinuousClock.now
    try backend.run(executable, from: 0, count: count)
    try backend.synchronize()
    return (ContinuousClock.now - start).seconds
  }

  /// A program on arrays of its own, zeros except for some of them.
  private static func executable(
    _ program: Program, on backend: OpenCLBackend,
    contents: [(buffer: Int, values: [Float])] = []
  ) throws -> any Executable {
    let arrays = try program.buffers.map { try backend.allocate($0.type, count: $0.count) }
    for (buffer, values) in contents {
      try backend.write(.float32(values), to: arrays[buffer], at: 0)
    }
    return try backend.prepare(program, arrays: arrays)
  }
}
