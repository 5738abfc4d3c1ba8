internal import Dispatch

/// Batches in host memory, as they will lie on the device.
///
/// `@unchecked Sendable`: a half of the memory is written by one `BatchPreparation`, or read by transfers, and
/// `BatchStream` waits for the one before it starts the other.
final class StagedBatches: @unchecked Sendable {
  /// For each field the memory of all slots, and the bytes of a slot.
  private let fields: [(memory: UnsafeMutableRawBufferPointer, slotSize: Int)]

  /// - Parameters:
  ///   - slots: how many batches there is room for.
  ///   - slotSizes: the bytes of a batch, for each field.
  init(slots: Int, slotSizes: [Int]) {
    fields = slotSizes.map { size in
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Swift.max(1, slots * size), alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      return (memory, size)
    }
  }

  deinit {
    for field in fields { field.memory.deallocate() }
  }

  /// The bytes of some slots of a field.
  func bytes(of slots: Range<Int>, field: Int) -> UnsafeMutableRawBufferPointer {
    let (memory, size) = fields[field]
    return UnsafeMutableRawBufferPointer(
      rebasing: memory[slots.lowerBound * size..<slots.upperBound * size])
  }
}

/// The work of another thread that copies the rows of some batches together.
///
/// `@unchecked Sendable`: `fault` is written by that thread before it leaves `group`, and read by who has waited
/// for that.
final class BatchPreparation: @unchecked Sendable {
  let batches: Range<Int>
  let order: BatchOrder
  private let group = DispatchGroup()
  private var fault: (any Error)?

  /// - Parameter slots: how many batches `staging` has room for; batch n goes to slot n modulo that.
  init(
    _ batches: Range<Int>, _ order: BatchOrder, of fields: [SampleRows], to staging: StagedBatches,
    slots: Int, on queue: DispatchQueue
  ) {
    self.batches = batches
    self.order = order
    group.enter()
    queue.async { [self] in
      do {
        for number in batches {
          let (samples, slot) = (order.samples(of: number), number % slots)
          for (field, rows) in fields.enumerated() {
            let target = staging.bytes(of: slot..<slot + 1, field: field)
            guard let start = target.baseAddress, !target.isEmpty else { continue }
            try rows.copy(samples, offset: order.offset(of: rows, in: number), to: start)
          }
        }
      } catch {
        fault = error
      }
      group.leave()
    }
  }

  /// Waits for the end.
  ///
  /// - Throws: `InputError` if samples could not be read.
  func wait() throws {
    group.wait()
    if let fault { throw fault }
  }
}
