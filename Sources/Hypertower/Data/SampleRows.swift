/// Rows of numbers, one for each sample, wherever they lie: features, targets, or a further column.
package struct SampleRows: Sendable {
  /// Where numbers lie.
  package enum Storage: Sendable {
    case bytes([UInt8])
    case floats([Float])
    case int32([Int32])
    case mapped(MappedRows)
  }

  package let storage: Storage
  /// The number of numbers in a row.
  package let width: Int
  /// The place of the first row's first number in the storage.
  package var start = 0
  /// What each number is divided by, in float32.
  package var divisor: Float = 1
  /// What numbers in a file must be less than, as classes and tokens; nil: anything.
  package var limit: Int?
  /// How much further rows begin in an epoch of shuffled samples, as windows of tokens do; nil: not at all.
  package var epochOffset: EpochOffset?

  /// What the numbers are in a device's memory.
  package var type: ElementType {
    switch storage {
    case .bytes: .byte
    case .floats: .real
    case .int32: .int32
    case .mapped(let rows): rows.deviceType
    }
  }

  /// The number of bytes of a number on the way to a device.
  package var elementSize: Int { type == .byte ? 1 : 4 }

  /// The number of numbers in the storage.
  package var elementCount: Int {
    switch storage {
    case .bytes(let bytes): bytes.count
    case .floats(let floats): floats.count
    case .int32(let numbers): numbers.count
    case .mapped(let rows): rows.count * rows.width
    }
  }

  /// Copies the rows of `samples`, one after another, as a device has them: bytes, int32, or float32.
  ///
  /// - Parameter offset: how much further rows begin; default: 0.
  /// - Throws: `InputError` when a file was cut short meanwhile, or holds numbers that cannot be.
  func copy(
    _ samples: some Collection<Int>, offset: Int = 0, to target: UnsafeMutableRawPointer
  ) throws {
    guard width > 0, !samples.isEmpty else { return }
    let first = start + offset
    func rows<Element: BitwiseCopyable>(_ values: [Element]) {
      let size = width * MemoryLayout<Element>.stride
      values.withUnsafeBytes { bytes in
        for (number, sample) in samples.enumerated() {
          let place = (first + sample * width) * MemoryLayout<Element>.stride
          (target + number * size).copyMemory(from: bytes.baseAddress! + place, byteCount: size)
        }
      }
    }
    switch storage {
    case .bytes(let bytes): rows(bytes)
    case .floats(let floats): rows(floats)
    case .int32(let numbers): rows(numbers)
    case .mapped(let mapped):
      try mapped.file.check()
      if let range = samples as? Range<Int>, mapped.selection == nil {
        let place = first + range.lowerBound * width
        return try mapped.copy(range.count * width, from: place, below: limit, to: target)
      }
      for (number, sample) in samples.enumerated() {
        try mapped.copy(
          width, from: first + sample * width, below: limit,
          to: target + number * width * elementSize)
      }
    }
  }

  /// The rows of `samples` as a model is given them, one after another.
  ///
  /// - Throws: as `copy(_:offset:to:)`.
  package func floats(of samples: Range<Int>) throws -> [Float] {
    let count = samples.count * width
    let copied = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Swift.max(1, count * elementSize), alignment: 4)
    defer { copied.deallocate() }
    try copy(samples, to: copied.baseAddress!)
    switch type {
    case .byte: return copied.prefix(count).map { Float($0) / divisor }
    case .int32: return copied.bindMemory(to: Int32.self).prefix(count).map { Float($0) / divisor }
    case .real: return Array(copied.bindMemory(to: Float.self).prefix(count))
    }
  }

  /// Calls `body` with the rows of `samples`, as a device has them: some rows at a time, whose bytes are whole words of 8
  /// bytes except the last time.
  ///
  /// - Throws: as `copy(_:offset:to:)`; what `body` throws.
  package func forEachBlock(
    of samples: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard width > 0 else { return }
    let block = Swift.max(1, Self.blockSize / width / 8) * 8
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Swift.min(block, samples.count) * width * elementSize, alignment: 8)
    defer { memory.deallocate() }
    for first in stride(from: samples.lowerBound, to: samples.upperBound, by: block) {
      let own = first..<Swift.min(first + block, samples.upperBound)
      try copy(own, to: memory.baseAddress!)
      try body(UnsafeRawBufferPointer(rebasing: memory[..<(own.count * width * elementSize)]))
    }
  }

  /// How many numbers of a file are copied to a device at a time.
  private static let blockSize = 1 << 20

  /// A copy of the whole storage in a device's memory.
  ///
  /// - Throws: as `copy(_:offset:to:)`; what the device reports.
  func array(on backend: any Backend) throws -> any DeviceArray {
    let array = try backend.allocate(type, count: elementCount)
    switch storage {
    case .bytes(let bytes): try backend.write(.bytes(bytes), to: array, at: 0)
    case .floats(let floats): try backend.write(.float32(floats), to: array, at: 0)
    case .int32(let numbers): try backend.write(.int32(numbers), to: array, at: 0)
    case .mapped(let mapped):
      let rows = SampleRows(storage: storage, width: mapped.width, limit: limit)
      let block = Swift.max(1, Self.blockSize / mapped.width)
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: block * mapped.width * elementSize, alignment: 4)
      defer { memory.deallocate() }
      for first in stride(from: 0, to: mapped.count, by: block) {
        let own = first..<Swift.min(first + block, mapped.count)
        try rows.copy(own, to: memory.baseAddress!)
        let bytes = UnsafeRawBufferPointer(
          rebasing: memory.prefix(own.count * mapped.width * elementSize))
        try backend.send(bytes, to: array, at: first * mapped.width).wait()
      }
    }
    return array
  }
}
