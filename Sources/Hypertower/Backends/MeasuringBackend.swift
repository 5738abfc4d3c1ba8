/// Computes nothing: it counts the memory that programs would take on another backend, and keeps them to be looked at.
final class MeasuringBackend: Backend {
  /// The bytes of all arrays, and of the temporary buffers of all programs.
  private(set) var byteCount = 0
  /// The bytes of the largest array.
  private(set) var largestByteCount = 0
  /// All programs, in the order in which they were prepared.
  private(set) var programs: [Program] = []
  /// The arrays that each was prepared for.
  private(set) var alternatives: [[[(any DeviceArray)?]]] = []
  /// How often each was run.
  private(set) var runCounts: [Int] = []

  let description = "nothing: memory is counted"
  let realSize: Int
  let largestArray: Int
  let memorySize: Int

  /// - Parameter backend: whose sizes and limits count.
  init(_ backend: any Backend) {
    realSize = backend.realSize
    largestArray = backend.largestArray
    memorySize = backend.memorySize
  }

  private final class Array: DeviceArray {
    let type: ElementType
    let count: Int

    init(_ type: ElementType, _ count: Int) {
      self.type = type
      self.count = count
    }
  }

  private final class Nothing: Executable {
    let program: Int

    init(program: Int) { self.program = program }
  }

  func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray {
    add(count * size(of: type))
    return Array(type, count)
  }

  private func add(_ bytes: Int) {
    byteCount += bytes
    largestByteCount = Swift.max(largestByteCount, bytes)
  }

  func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) throws {}

  func send(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) throws -> any Transfer { FinishedTransfer() }

  func read(_ range: Range<Int>, of array: any DeviceArray) throws -> HostArray {
    switch array.type {
    case .real: .float64([Double](repeating: 0, count: range.count))
    case .int32: .int32([Int32](repeating: 0, count: range.count))
    case .byte: .bytes([UInt8](repeating: 0, count: range.count))
    }
  }

  func receive(
    _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
  ) -> any Transfer {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return FinishedTransfer()
  }

  func prepare(
    _ program: Program, alternatives: [[(any DeviceArray)?]]
  ) throws -> any Executable {
    let plan = MemoryPlan(
      program.buffers, uses: program.instructions.map { $0.accesses.map(\.buffer) })
    for (type, count) in zip(plan.slotTypes, plan.slotSizes) { add(count * size(of: type)) }
    programs.append(program)
    self.alternatives.append(alternatives)
    runCounts.append(0)
    return Nothing(program: programs.count - 1)
  }

  func run(_ executable: any Executable, from alternative: Int, count: Int) throws {
    guard let own = executable as? Nothing else {
      fatalError("MeasuringBackend: an executable of another backend")
    }
    runCounts[own.program] += count
  }
  func synchronize() throws {}
}
