internal import Kernels
internal import OpenCL

extension OpenCLBackend {
  /// The device's greatest rate of float32 arithmetic that a kernel reaches, in operations a
  /// second, where a fused multiply-add counts as two; the best of `rounds`.
  package func peakRate(rounds: Int = 20) throws -> Double {
    // As many chains as there are registers for: no multiply-add waits, and nothing goes to memory.
    let chains = profile.groupSize == 1 ? profile.registerTile.sums : 16
    let steps = (1 << 19) / chains
    let items = profile.workGroups * profile.groupSize * (profile.width == 1 ? 4 : 1)
    let source =
      KernelSource([]).text
      + defining([("CHAINS", chains), ("ROUNDS", steps)], String(cString: kernels_peak()))
    let kernel = try Kernel("peak", of: try program(source: source))
    let result = try DeviceBuffer(byteCount: items * realSize, in: context)
    try kernel.setArgument(0, result)
    try kernel.setArgument(1, Float(0.5))
    try kernel.setArgument(2, Float(1))
    let size = LaunchSize(global: [items], local: [profile.groupSize])
    var fastest = Duration.seconds(3600)
    for _ in 0...rounds {
      let start = ContinuousClock.now
      try queue.enqueue(kernel, size)
      try queue.finish()
      fastest = Swift.min(fastest, ContinuousClock.now - start)
    }
    return Double(2 * items * chains * steps * profile.width) / fastest.seconds
  }
}
