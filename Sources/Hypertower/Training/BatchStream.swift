internal import Dispatch

/// Sends the batches of a data set that does not fit on the device, ahead of need.
///
/// The device has a ring of batches, a small data set in file order that programs gather batches from as from any
/// other: so a batch is the same to the last bit. While the device computes the batches of one half of the ring,
/// another thread copies the rows of those for the other half together.
package final class BatchStream {
  /// How many batches the ring has room for; batch n lies in slot n modulo that.
  package let slots: Int
  /// For each field an array of all slots, `[slots, stride, width]`.
  package let arrays: [any DeviceArray]
  private let fields: [SampleRows]
  private let stride: Int
  private let backend: any Backend
  private let staging: StagedBatches
  private let queue = DispatchQueue(label: "hypertower.batches")
  /// What is prepared, or being prepared.
  private var next: BatchPreparation?
  /// The batches of the ring that were sent last, in their order.
  private var sent: (batches: Range<Int>, order: BatchOrder)?
  /// The transfers out of each half of the host's memory that may not be done.
  private var transfers: [[any Transfer]] = [[], []]

  /// The most batches of a half: as many as one launch replays.
  private static let mostBatches = 8
  /// The bytes that a half should not exceed.
  private static let halfSize = 32 << 20

  /// - Parameters:
  ///   - fields: the rows that a batch consists of.
  ///   - stride: the number of samples of a batch.
  init(_ fields: [SampleRows], stride: Int, on backend: any Backend) throws {
    self.fields = fields
    self.stride = stride
    self.backend = backend
    let sizes = fields.map { stride * $0.width * $0.elementSize }
    slots = 2 * Swift.min(Self.mostBatches, Swift.max(1, Self.halfSize / sizes.reduce(1, +)))
    let slots = slots
    arrays = try fields.map {
      try backend.allocate($0.type, count: slots * stride * $0.width)
    }
    staging = StagedBatches(slots: slots, slotSizes: sizes)
  }

  deinit {
    // Transfers may still read what goes with this object.
    for transfer in transfers.joined() { try? transfer.wait() }
  }

  /// Brings batch `number` and those after it into the ring.
  ///
  /// Programs that are run before the next call find them there.
  ///
  /// - Parameter count: how many are asked for, at least one.
  /// - Returns: how many of them are there, at least one.
  /// - Throws: `InputError` if samples cannot be read; what the device reports.
  func bring(_ number: Int, atMost count: Int, _ order: BatchOrder) throws -> Int {
    if let sent, sent.order == order, sent.batches.contains(number) {
      return Swift.min(count, sent.batches.upperBound - number)
    }
    sent = nil
    let batches = half(from: number, order)
    if next?.batches != batches || next?.order != order {
      try? next?.wait()
      next = try prepare(batches, order)
    }
    let own = next!
    next = nil
    try own.wait()
    try send(batches)
    sent = (batches, order)
    if batches.upperBound < order.end ?? .max {
      next = try prepare(half(from: batches.upperBound, order), order)
    }
    return Swift.min(count, batches.count)
  }

  /// The batches from `number` on that lie in the same half of the ring.
  private func half(from number: Int, _ order: BatchOrder) -> Range<Int> {
    let size = slots / 2
    return number..<Swift.min((number / size + 1) * size, order.end ?? .max)
  }

  /// Lets the other thread begin, as soon as nothing reads that half of the host's memory.
  private func prepare(_ batches: Range<Int>, _ order: BatchOrder) throws -> BatchPreparation {
    let half = batches.lowerBound / (slots / 2) % 2
    for transfer in transfers[half] { try transfer.wait() }
    transfers[half].removeAll()
    return BatchPreparation(
      batches, order, of: fields, to: staging, slots: slots, on: queue)
  }

  private func send(_ batches: Range<Int>) throws {
    let first = batches.lowerBound % slots
    let half = first / (slots / 2)
    for (field, rows) in fields.enumerated() where rows.width > 0 {
      transfers[half].append(
        try backend.send(
          UnsafeRawBufferPointer(
            staging.bytes(of: first..<first + batches.count, field: field)),
          to: arrays[field], at: first * stride * rows.width))
    }
  }
}
