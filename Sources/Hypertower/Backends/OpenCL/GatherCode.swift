internal import Kernels
internal import OpenCL

/// Writes the kernels that bring batches from a data set.
enum GatherCode {
  static func plans(_ gather: BatchGather, _ profile: DeviceProfile) -> [KernelPlan] {
    gather.sources.map { source in
      let (type, load) =
        switch source.type {
        case .real: ("real", "LOAD")
        case .byte: ("uchar", "LOAD_BYTES")
        case .int32: ("int", "LOAD_INTS")
        }
      let permutation = gather.permutation
      let seed = permutation?.seed ?? 0
      let text =
        "#define SOURCE_TYPE \(type)\n#define LOAD_SOURCE \(load)\n"
        + "#define DIVISOR \(ScalarCode.literal(Double(source.divisor)))\n"
        + "#define SEED_LOW \(UInt32(truncatingIfNeeded: seed))u\n"
        + "#define SEED_HIGH \(UInt32(truncatingIfNeeded: seed >> 32))u\n"
        + defining(
          [
            ("SOURCE_OFFSET", source.from.offset), ("TARGET_OFFSET", source.to.offset),
            ("ROW_WIDTH", source.width), ("COUNTER", gather.counter.offset),
            ("BATCH", gather.batchSize), ("STRIDE", gather.stride),
            ("BATCHES", gather.batchesPerEpoch), ("SAMPLES", gather.sampleCount),
            ("SHUFFLED", permutation == nil ? 0 : 1), ("ROUNDS", IndexPermutation.rounds),
            ("LOWER_BITS", permutation?.lowerBits ?? 1),
            ("UPPER_BITS", permutation?.upperBits ?? 1),
          ], String(cString: kernels_gather_batch()))
        + ["SOURCE_TYPE", "LOAD_SOURCE", "DIVISOR", "SEED_LOW", "SEED_HIGH"]
        .map { "#undef \($0)\n" }.joined()
      let groups = Swift.min(gather.batchSize, profile.workGroups)
      return KernelPlan(
        source: text,
        arguments: [
          .buffer(source.from.buffer), .buffer(source.to.buffer), .buffer(gather.counter.buffer),
        ],
        size: LaunchSize(global: [groups * profile.lanes], local: [profile.lanes]))
    }
  }

  static func plan(incrementing counter: Span) -> KernelPlan {
    KernelPlan(
      source: defining([("COUNTER", counter.offset)], String(cString: kernels_increment())),
      arguments: [.buffer(counter.buffer)], size: LaunchSize(global: [1], local: [1]))
  }
}
