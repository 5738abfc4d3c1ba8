internal import Kernels
internal import OpenCL

/// Writes the kernels that bring batches from a data set.
enum GatherCode {
  static func plan(_ gather: BatchGather, _ profile: DeviceProfile) -> KernelPlan {
    var parameters = ""
    var copies = ""
    var arguments: [KernelPlan.Argument] = [.buffer(gather.counter.buffer)]
    for (number, source) in gather.sources.enumerated() {
      let (type, load) =
        switch source.type {
        case .real: ("real", "LOAD")
        case .byte: ("uchar", "LOAD_BYTES")
        case .int32: ("int", "LOAD_INTS")
        }
      parameters += ", global const \(type) *source\(number), global real *target\(number)"
      arguments += [.buffer(source.from.buffer), .buffer(source.to.buffer)]
      let width = source.width
      let value = "\(load)(source\(number) + \(source.from.offset) + sample * \(width) + i)"
      let quotient =
        source.divisor == 1
        ? value
        : "KERNEL_QUOTIENT(\(value), \(ScalarCode.literal(Double(source.divisor))))"
      copies += """
        for (int i = LANE_START; i < \(width); i += LANE_STEP)
          store(\(quotient),
                target\(number) + \(source.to.offset) + (size_t)row * \(width) + i, \(width) - i);

        """
    }
    let permutation = gather.permutation
    let seed = permutation?.seed ?? 0
    let template = String(cString: kernels_gather_batch())
      .replacing("COPY_PARAMETERS", with: parameters)
      .replacing("    COPY_ROW\n", with: copies)
    let source = defining(
      [
        ("COUNTER", gather.counter.offset), ("BATCH", gather.batchSize),
        ("STRIDE", gather.stride), ("BATCHES", gather.batchesPerEpoch),
        ("SAMPLES", gather.sampleCount), ("SHUFFLED", permutation == nil ? 0 : 1),
        ("ROUNDS", IndexPermutation.rounds), ("LOWER_BITS", permutation?.lowerBits ?? 1),
        ("UPPER_BITS", permutation?.upperBits ?? 1),
        ("SEED_LOW", Int(UInt32(truncatingIfNeeded: seed))),
        ("SEED_HIGH", Int(UInt32(truncatingIfNeeded: seed >> 32))),
      ], template)
    let groups = Swift.min(gather.batchSize, profile.workGroups)
    return KernelPlan(
      source: source, arguments: arguments,
      size: LaunchSize(global: [groups * profile.lanes], local: [profile.lanes]))
  }

  static func plan(incrementing counter: Span) -> KernelPlan {
    KernelPlan(
      source: defining([("COUNTER", counter.offset)], String(cString: kernels_increment())),
      arguments: [.buffer(counter.buffer)], size: LaunchSize(global: [1], local: [1]))
  }
}
