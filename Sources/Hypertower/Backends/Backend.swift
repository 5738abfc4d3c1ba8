/// What runs programs: memory, transfers, and the replay of compiled programs.
///
/// Work is done in the order in which it is asked for. Transfers to the device and runs may return
/// before they are done; a failure then surfaces at the next call that waits.
package protocol Backend: AnyObject {
  /// What the backend runs on, in words.
  var description: String { get }
  /// The number of bytes of a real.
  var realSize: Int { get }
  /// The greatest number of bytes that one array should take.
  var largestArray: Int { get }
  /// The number of bytes of memory that there are.
  var memorySize: Int { get }

  /// An array on the device, zeros.
  func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray
  /// Copies values into an array, from `offset` on; reals are rounded to the device's type.
  func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) throws
  /// Starts to copy numbers into an array, from `offset` on, in the order of all work: bytes and int32 as they are,
  /// float32 for reals.
  ///
  /// - Returns: the transfer, until whose end the numbers must stay in place and unchanged.
  func send(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) throws -> any Transfer
  /// Copies elements out of an array; waits for all earlier work.
  func read(_ range: Range<Int>, of array: any DeviceArray) throws -> HostArray
  /// Starts to copy elements of an array, as they lie there, into memory of their size, in the order of all work.
  ///
  /// - Returns: the transfer, until whose end the memory must stay in place.
  func receive(
    _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
  ) throws -> any Transfer
  /// Makes a program ready to be replayed on several lists of arrays in turn, which name one array
  /// for each of its buffers and nil for temporary ones.
  func prepare(
    _ program: Program, alternatives: [[(any DeviceArray)?]]
  ) throws -> any Executable
  /// Starts `count` replays, the first on list number `alternative` of the arrays that the program
  /// was prepared for, each on the next list in turn.
  func run(_ executable: any Executable, from alternative: Int, count: Int) throws
  /// Waits for all earlier work.
  func synchronize() throws
}

extension Backend {
  /// The number of bytes of an element.
  func size(of type: ElementType) -> Int {
    switch type {
    case .real: realSize
    case .int32: MemoryLayout<Int32>.size
    case .byte: 1
    }
  }

  /// Starts to copy reals of the device's own type, as `send` does others.
  func sendReals(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) throws -> any Transfer {
    if realSize == MemoryLayout<Float>.size { return try send(numbers, to: array, at: offset) }
    try write(.float64(Array(numbers.bindMemory(to: Double.self))), to: array, at: offset)
    return FinishedTransfer()
  }

  /// Makes a program ready to be replayed on given arrays, nil for temporary buffers.
  package func prepare(
    _ program: Program, arrays: [(any DeviceArray)?]
  ) throws -> any Executable {
    try prepare(program, alternatives: [arrays])
  }

  /// Starts one replay.
  package func run(_ executable: any Executable) throws {
    try run(executable, from: 0, count: 1)
  }
}

/// Memory of one backend.
package protocol DeviceArray: AnyObject {
  var type: ElementType { get }
  var count: Int { get }
}

/// Numbers on their way to a device or from it.
package protocol Transfer: AnyObject {
  /// Whether they have been copied.
  func isDone() throws -> Bool
  /// Waits until they have been copied.
  func wait() throws
}

/// A transfer that is over.
final class FinishedTransfer: Transfer {
  func isDone() -> Bool { true }
  func wait() {}
}

/// A program prepared by one backend.
package protocol Executable: AnyObject {}

/// Values in host memory on their way to or from a device.
package enum HostArray: Sendable, Equatable {
  case float32([Float])
  case float64([Double])
  case int32([Int32])
  case bytes([UInt8])

  package var count: Int {
    switch self {
    case .float32(let values): values.count
    case .float64(let values): values.count
    case .int32(let values): values.count
    case .bytes(let values): values.count
    }
  }

  /// The values as float64.
  package var doubles: [Double] {
    switch self {
    case .float32(let values): values.map(Double.init)
    case .float64(let values): values
    case .int32(let values): values.map(Double.init)
    case .bytes(let values): values.map(Double.init)
    }
  }

  /// The values as float32, rounded where they do not fit.
  package var floats: [Float] {
    if case .float32(let values) = self { return values }
    return doubles.map { Float($0) }
  }
}
