/// A batch that is not copied: products read its samples where the data set has them.
struct BatchInPlace {
  /// What would be copied.
  let source: BatchGather.Source
  /// The numbers of the batch's samples, an int32 each.
  let numbers: Span
  /// What a product touches of it.
  let accesses: [MemoryAccess]

  init(source: BatchGather.Source, of gather: BatchGather, numbers: Span) {
    self.source = source
    self.numbers = numbers
    accesses = [
      MemoryAccess(numbers, count: gather.batchSize, isWrite: false),
      MemoryAccess(source.from, count: gather.sampleCount * source.width, isWrite: false),
    ]
  }
}

extension Program {
  /// Divides a gather into what is copied and what is read in place.
  func split(
    _ gather: BatchGather, _ profile: DeviceProfile
  ) -> (copied: BatchGather, inPlace: [BatchGather.Source]) {
    let inPlace = gather.sources.filter { canRead($0, of: gather, profile) }
    var copied = gather
    copied.sources.removeAll { source in inPlace.contains { $0.to == source.to } }
    return (copied, inPlace)
  }

  /// Whether a batch can be read in place: only products read it that leave out its zeros, and they have
  /// kernels for bytes and for numbers as they are.
  private func canRead(
    _ source: BatchGather.Source, of gather: BatchGather, _ profile: DeviceProfile
  ) -> Bool {
    // Not fused, every instruction does all that it says.
    guard fuses, buffers[source.to.buffer].isTemporary, source.epochOffset == nil,
      source.type == .byte || source.type == .real && source.divisor == 1
    else { return false }
    var gathers = 0
    return instructions.allSatisfy { instruction in
      let uses = instruction.accesses.count { $0.buffer == source.to.buffer }
      switch instruction {
      case .gatherBatch:
        gathers += uses
        return gathers <= 1
      case .matrixProduct(let product)
      where product.left.span == source.to && product.left.view == nil:
        let isBatch =
          product.left.isTransposed
          ? product.inner == gather.batchSize && product.rows == source.width
          : product.rows == gather.batchSize && product.inner == source.width
        return uses == 1 && product.matrices == 1 && isBatch
          && profile.skipsZeros(of: product, in: self)
      default: return uses == 0
      }
    }
  }
}
