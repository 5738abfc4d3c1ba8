internal import Glibc

/// The reference backend: plain loops over host memory, in float32 or float64.
package final class CPUBackend<Element: HostReal>: Backend {
  package init() {}

  package var description: String { "the CPU backend, \(Element.self)" }
  package var realSize: Int { MemoryLayout<Element>.size }
  package var largestArray: Int { .max }
  package var memorySize: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }

  package func allocate(_ type: ElementType, count: Int) -> any DeviceArray {
    switch type {
    case .real: CPUArray<Element>(type, count: count, zero: 0)
    case .int32: CPUArray<Int32>(type, count: count, zero: 0)
    case .byte: CPUArray<UInt8>(type, count: count, zero: 0)
    }
  }

  package func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) {
    switch (values, array) {
    case (.float32(let values), let array as CPUArray<Element>):
      for (i, value) in values.enumerated() { array.base[offset + i] = Element(value) }
    case (.float64(let values), let array as CPUArray<Element>):
      for (i, value) in values.enumerated() { array.base[offset + i] = Element(value) }
    case (.int32(let values), let array as CPUArray<Int32>):
      (array.base + offset).update(from: values, count: values.count)
    case (.bytes(let values), let array as CPUArray<UInt8>):
      (array.base + offset).update(from: values, count: values.count)
    default:
      fatalError("CPUBackend: \(values) do not go into an array of \(array.type)")
    }
  }

  package func send(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) -> any Transfer {
    switch array {
    case let array as CPUArray<Element>:
      for (i, value) in numbers.bindMemory(to: Float.self).enumerated() {
        array.base[offset + i] = Element(value)
      }
    case let array as CPUArray<Int32>: array.copy(numbers, at: offset)
    case let array as CPUArray<UInt8>: array.copy(numbers, at: offset)
    default: fatalError("CPUBackend: not an array of this backend")
    }
    return FinishedTransfer()
  }

  package func read(_ range: Range<Int>, of array: any DeviceArray) -> HostArray {
    switch array {
    case let array as CPUArray<Float>: .float32(Array(array.elements[range]))
    case let array as CPUArray<Double>: .float64(Array(array.elements[range]))
    case let array as CPUArray<Int32>: .int32(Array(array.elements[range]))
    case let array as CPUArray<UInt8>: .bytes(Array(array.elements[range]))
    default: fatalError("CPUBackend: not an array of this backend")
    }
  }

  package func receive(
    _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
  ) -> any Transfer {
    func copy<Stored>(_ array: CPUArray<Stored>) {
      bytes.copyMemory(
        from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: array.elements[range])))
    }
    switch array {
    case let array as CPUArray<Element>: copy(array)
    case let array as CPUArray<Int32>: copy(array)
    case let array as CPUArray<UInt8>: copy(array)
    default: fatalError("CPUBackend: not an array of this backend")
    }
    return FinishedTransfer()
  }

  package func prepare(
    _ program: Program, alternatives: [[(any DeviceArray)?]]
  ) -> any Executable {
    ProgramValidator.check(program, alternatives: alternatives)
    let uses = program.instructions.map { $0.accesses.map(\.buffer) }
    let plan = MemoryPlan(program.buffers, uses: uses)
    plan.check(program.buffers, uses: uses)
    let slots = zip(plan.slotTypes, plan.slotSizes).map { allocate($0, count: $1) }
    return CPUExecutable<Element>(
      program,
      alternatives.map { arrays in
        CPUMemory(arrays: arrays.enumerated().map { $1 ?? plan.slots[$0].map { slots[$0] } })
      })
  }

  package func run(_ executable: any Executable, from alternative: Int, count: Int) {
    guard let executable = executable as? CPUExecutable<Element> else {
      fatalError("CPUBackend: a program of another backend")
    }
    for replay in 0..<count { executable.run(alternative + replay) }
  }

  package func synchronize() {}
}

/// Host memory that stands for device memory.
final class CPUArray<Stored>: DeviceArray {
  let type: ElementType
  let count: Int
  let base: UnsafeMutablePointer<Stored>

  init(_ type: ElementType, count: Int, zero: Stored) {
    self.type = type
    self.count = count
    base = .allocate(capacity: max(1, count))
    base.initialize(repeating: zero, count: max(1, count))
  }

  deinit { base.deallocate() }

  fileprivate func copy(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    UnsafeMutableRawBufferPointer(
      rebasing: UnsafeMutableRawBufferPointer(elements)[(offset * MemoryLayout<Stored>.stride)...]
    )
    .copyMemory(from: bytes)
  }

  var elements: UnsafeMutableBufferPointer<Stored> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}

/// A program with its lists of arrays; a run interprets its instructions one after another.
final class CPUExecutable<Element: HostReal>: Executable {
  /// The steps for each list of arrays.
  private let alternatives: [[any CPUStep]]
  /// Keeps the arrays that the steps point into.
  private let memory: [CPUMemory<Element>]

  init(_ program: Program, _ memory: [CPUMemory<Element>]) {
    self.memory = memory
    alternatives = memory.map { memory in
      func step(_ instruction: Instruction) -> any CPUStep {
        switch instruction {
        case .loop(let loop):
          CPULoop(
            steps: (0..<loop.count).flatMap { pass in
              loop.body.map { step($0.mappingSpans { $0.advanced(by: pass * $0.step) }) }
            })
        case .loopNest(let nest): CPULoopNest(nest, memory)
        case .matrixProduct(let product): CPUMatrixProduct(product, memory)
        case .scatterAdd(let scatter): CPUScatterAdd(scatter, memory)
        case .attention(let attention): CPUAttention(attention, memory)
        case .attentionGradient(let gradient): CPUAttentionGradient(gradient, memory)
        case .gatherBatch(let gather): CPUBatchGather(gather, memory)
        case .increment(let span): CPUIncrement(counter: memory.int32(span))
        case .projectGradient(let projection): CPUGradientProjection(projection, memory)
        case .walkTower(let walk): CPUTowerWalk(walk, memory)
        case .updateParameters(let update): CPUParameterUpdate(update, memory)
        case .allReduce: fatalError("CPUBackend: programs are divided at sums over shards")
        }
      }
      return program.instructions.map(step)
    }
  }

  func run(_ replay: Int) {
    for step in alternatives[replay % alternatives.count] { step.run() }
  }
}

/// An instruction bound to its memory.
protocol CPUStep: AnyObject {
  func run()
}

/// The memory of a prepared program, by the program's buffer numbers.
struct CPUMemory<Element: HostReal> {
  /// An array for each buffer that is in use.
  let arrays: [(any DeviceArray)?]

  func reals(_ span: Span) -> UnsafeMutablePointer<Element> { pointer(span) }
  func int32(_ span: Span) -> UnsafeMutablePointer<Int32> { pointer(span) }
  func bytes(_ span: Span) -> UnsafeMutablePointer<UInt8> { pointer(span) }

  private func pointer<Stored>(_ span: Span) -> UnsafeMutablePointer<Stored> {
    guard let array = arrays[span.buffer] as? CPUArray<Stored> else {
      fatalError("CPUBackend: buffer \(span.buffer) does not hold \(Stored.self)")
    }
    return array.base + span.offset
  }
}

/// All passes of a loop, one after another.
final class CPULoop: CPUStep {
  private let steps: [any CPUStep]

  init(steps: [any CPUStep]) { self.steps = steps }

  func run() {
    for step in steps { step.run() }
  }
}

final class CPUIncrement: CPUStep {
  private let counter: UnsafeMutablePointer<Int32>

  init(counter: UnsafeMutablePointer<Int32>) { self.counter = counter }

  func run() { counter.pointee += 1 }
}
