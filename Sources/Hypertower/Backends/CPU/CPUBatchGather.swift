/// Copies the rows of a batch, in the order of the epoch's permutation.
final class CPUBatchGather<Element: HostReal>: CPUStep {
  private let gather: BatchGather
  private let memory: CPUMemory<Element>
  private let counter: UnsafeMutablePointer<Int32>

  init(_ gather: BatchGather, _ memory: CPUMemory<Element>) {
    self.gather = gather
    self.memory = memory
    counter = memory.int32(gather.counter)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let step = Int(counter.pointee)
    let (epoch, batch) = (step / gather.batchesPerEpoch, step % gather.batchesPerEpoch)
    let seed = gather.counterCount == 1 ? 0 : seed
    let offsets = gather.sources.map { $0.epochOffset?(epoch: epoch, seed: seed) ?? 0 }
    for row in 0..<gather.batchSize {
      let position = batch * gather.stride + row
      let sample = gather.permutation?(position, epoch: epoch, seed: seed) ?? position
      for (source, offset) in zip(gather.sources, offsets) {
        copy(source, from: sample * source.width + offset, row: row)
      }
    }
  }

  private var seed: UInt64 {
    UInt64(UInt32(bitPattern: counter[1])) | UInt64(UInt32(bitPattern: counter[2])) << 32
  }

  private func copy(_ source: BatchGather.Source, from first: Int, row: Int) {
    let width = source.width
    let target = memory.reals(source.to) + row * width
    switch source.type {
    case .real:
      let reals = memory.reals(source.from) + first
      if source.divisor == 1 {
        target.update(from: reals, count: width)
      } else {
        for j in 0..<width { target[j] = Element(Float(reals[j]) / source.divisor) }
      }
    case .byte:
      // In float32 on every device, float64 included: data sets have one value everywhere.
      let bytes = memory.bytes(source.from) + first
      for j in 0..<width { target[j] = Element(Float(bytes[j]) / source.divisor) }
    case .int32:
      let numbers = memory.int32(source.from) + first
      for j in 0..<width { target[j] = Element(Float(numbers[j]) / source.divisor) }
    }
  }
}
