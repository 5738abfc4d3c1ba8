internal import OpenCL

/// Arrays and transfers.
extension OpenCLBackend {
  package func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray {
    let array = OpenCLArray(type, count: count, buffer: try buffer(type, count: count))
    if count > 0 { try queue.enqueueFill(array.buffer, with: UInt8(0)) }
    return array
  }

  /// Memory that holds anything.
  func buffer(_ type: ElementType, count: Int) throws -> DeviceBuffer {
    // Kernels count elements in int32.
    guard count <= Int(Int32.max) else {
      throw OpenCLError(
        code: -61, call: "clCreateBuffer", device: context.device.name,
        detail: "\(count) elements asked for; arrays have at most \(Int32.max)")
    }
    return try DeviceBuffer(byteCount: count * type.openCLSize, in: context)
  }

  package func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) throws {
    let array = own(array)
    func write<Element>(_ values: [Element]) throws {
      try values.withUnsafeBytes { bytes in
        try queue.enqueueWrite(
          array.buffer, offset: offset * MemoryLayout<Element>.stride, bytes: bytes,
          blocking: true)
      }
    }
    switch (values, array.type) {
    case (.float32(let values), .real): try write(values)
    case (.float64(let values), .real): try write(values.map { Float($0) })
    case (.int32(let values), .int32): try write(values)
    case (.bytes(let values), .byte): try write(values)
    default: fatalError("OpenCLBackend: \(values) do not go into an array of \(array.type)")
    }
  }

  package func send(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) throws -> any Transfer {
    guard !numbers.isEmpty else { return FinishedTransfer() }
    let array = own(array)
    let event = try queue.enqueueWrite(
      array.buffer, offset: offset * array.type.openCLSize, bytes: numbers)
    return try started(OpenCLTransfer(event: event, queue: queue))
  }

  private func started(_ transfer: OpenCLTransfer) throws -> any Transfer {
    do {
      try queue.flush()
    } catch {
      // Whoever called frees the memory.
      try? transfer.wait()
      throw error
    }
    return transfer
  }

  package func read(_ range: Range<Int>, of array: any DeviceArray) throws -> HostArray {
    let array = own(array)
    func read<Element>(_ zero: Element) throws -> [Element] {
      var values = [Element](repeating: zero, count: range.count)
      try values.withUnsafeMutableBytes { bytes in
        try queue.read(
          array.buffer, offset: range.lowerBound * MemoryLayout<Element>.stride, into: bytes)
      }
      return values
    }
    switch array.type {
    case .real: return .float32(try read(0))
    case .int32: return .int32(try read(0))
    case .byte: return .bytes(try read(0))
    }
  }

  package func receive(
    _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
  ) throws -> any Transfer {
    guard !bytes.isEmpty else { return FinishedTransfer() }
    let array = own(array)
    let event = try queue.enqueueRead(
      array.buffer, offset: range.lowerBound * array.type.openCLSize, into: bytes)
    return try started(OpenCLTransfer(event: event, queue: queue))
  }

  func own(_ array: any DeviceArray) -> OpenCLArray {
    guard let array = array as? OpenCLArray else {
      fatalError("OpenCLBackend: an array of another backend")
    }
    return array
  }
}

/// A write or a read that was enqueued.
final class OpenCLTransfer: Transfer {
  private let event: Event
  private let queue: CommandQueue

  init(event: Event, queue: CommandQueue) {
    self.event = event
    self.queue = queue
  }

  func isDone() throws -> Bool { try queue.isDone(event) }
  func wait() throws { try queue.wait(for: event) }
}

/// Memory of an OpenCL device.
final class OpenCLArray: DeviceArray {
  let type: ElementType
  let count: Int
  let buffer: DeviceBuffer

  init(_ type: ElementType, count: Int, buffer: DeviceBuffer) {
    self.type = type
    self.count = count
    self.buffer = buffer
  }
}

extension ElementType {
  /// The size of an element in bytes.
  var openCLSize: Int {
    switch self {
    case .real, .int32: 4
    case .byte: 1
    }
  }
}
