internal import Kernels

/// Writes the sections that bring batches from a data set.
enum GatherCode {
  /// - Parameter numbers: where the numbers of the batch's samples go, if anything wants them.
  static func section(
    _ gather: BatchGather, numbers: Span?, _ profile: DeviceProfile
  ) -> KernelSection {
    var (copies, offsets) = ("", "")
    var parameters = [
      KernelSection.Parameter(
        "global const int *restrict counters", .buffer(gather.counter.buffer))
    ]
    for (number, source) in gather.sources.enumerated() {
      let (type, load) =
        switch source.type {
        case .real: ("real", "LOAD")
        case .byte: ("uchar", "LOAD_BYTES")
        case .int32: ("int", "LOAD_INTS")
        }
      parameters += [
        .init("global const \(type) *source\(number)", .buffer(source.from.buffer)),
        .init("global real *target\(number)", .buffer(source.to.buffer)),
      ]
      let width = source.width
      var start = "source\(number) + \(source.from.offset)"
      if let limit = source.epochOffset?.limit {
        offsets +=
          "  const int offset\(number) = (int)(philox((uint4)((uint)epoch, \(EpochOffset.purpose)u, 0, 0),\n"
          + "      (uint2)((uint)counters[COUNTER + 1], (uint)counters[COUNTER + 2])).x % \(limit)u);\n"
        start += " + offset\(number)"
      }
      let value = "\(load)(\(start) + sample * \(width) + i)"
      let quotient =
        source.divisor == 1
        ? value
        : "QUOTIENT(\(value), \(ScalarCode.literal(Double(source.divisor))))"
      copies += """
        for (int i = LANE_START; i < \(width); i += LANE_STEP) {
          PREFETCH(\(start) + next * \(width) + i, 2);
          store(\(quotient),
                target\(number) + \(source.to.offset) + (size_t)row * \(width) + i, \(width) - i);
        }

        """
    }
    if let numbers {
      parameters.append(.init("global int *numbers", .buffer(numbers.buffer)))
      copies += "    if (LANE == 0) numbers[row] = sample;\n"
    }
    let permutation = gather.permutation
    let template = String(cString: kernels_gather_batch())
      .replacing("    COPY_ROW\n", with: copies).replacing("  EPOCH_OFFSETS\n", with: offsets)
    let source = defining(
      [
        ("COUNTER", gather.counter.offset), ("STRIDE", gather.stride),
        ("BATCHES", gather.batchesPerEpoch),
        ("SAMPLES", gather.sampleCount), ("SHUFFLED", permutation == nil ? 0 : 1),
        ("ROUNDS", IndexPermutation.rounds), ("LOWER_BITS", permutation?.lowerBits ?? 1),
        ("UPPER_BITS", permutation?.upperBits ?? 1),
      ], template)
    let lanes = profile.lanes(for: gather.sources.map(\.width).max() ?? 1)
    return KernelSection(
      label: "\(numbers == nil ? "gathering" : "numbering") \(gather.batchSize) samples",
      source: source, parameters: parameters,
      units: gather.batchSize, unitsPerGroup: profile.unitsPerGroup(gather.batchSize, lanes: lanes),
      unitsPerBlock: profile.blockRows(for: gather.batchSize), lanes: lanes)
  }

  static func section(incrementing counter: Span) -> KernelSection {
    KernelSection(
      label: "counting",
      source: defining([("COUNTER", counter.offset)], String(cString: kernels_increment())),
      parameters: [.init("global int *counters", .buffer(counter.buffer))], units: 1,
      unitsPerGroup: 1)
  }
}
