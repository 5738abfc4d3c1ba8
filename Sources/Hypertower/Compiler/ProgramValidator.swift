internal import Glibc

/// What is wrong with a program, found without running it; tests look at every program that they compile.
///
/// Each instruction must touch memory of its buffers only, in every pass of a loop, and of the right type;
/// read of a temporary buffer only what was written before; write nothing twice, and what it reads only where
/// it reads the same element; have operands, nodes and stages that fit each other; and say in `accesses` what
/// it touches, as launches are planned by that.
package struct ProgramValidator {
  /// Whether programs are looked at when a backend prepares them: in debug builds, and where the environment has
  /// `HYPERTOWER_VALIDATES_PROGRAMS`, as under `make test`.
  static let isOn =
    _isDebugAssertConfiguration() || getenv("HYPERTOWER_VALIDATES_PROGRAMS") != nil

  private let program: Program
  /// What was written of each temporary buffer.
  private var written: [Int: RangeSet<Int>] = [:]
  private var faults: [String] = []

  /// Stops the program at the first fault, if programs are looked at.
  ///
  /// - Parameter lists: see `Backend.prepare(_:alternatives:)`.
  static func check(_ program: Program, alternatives lists: [[(any DeviceArray)?]]) {
    guard isOn else { return }
    let fault = firstFault(in: program) ?? firstFault(in: lists, for: program)
    require(fault == nil, "ProgramValidator: \(fault ?? "")")
  }

  /// The first fault, with the number and the kind of its instruction; nil for a program without any.
  package static func firstFault(in program: Program) -> String? {
    var validator = ProgramValidator(program)
    for (number, instruction) in program.instructions.enumerated() {
      validator.visit(instruction)
      if let fault = validator.faults.first { return "instruction \(number), \(fault)" }
    }
    return nil
  }

  private init(_ program: Program) { self.program = program }

  /// The first array that its buffer does not fit in.
  private static func firstFault(
    in lists: [[(any DeviceArray)?]], for program: Program
  ) -> String? {
    for arrays in lists {
      for (number, buffer) in program.buffers.enumerated() {
        let array = number < arrays.count ? arrays[number] : nil
        if buffer.isTemporary != (array == nil) {
          return "buffer \(number) \(buffer.isTemporary ? "is temporary and has" : "has no") array"
        }
        if let array, array.type != buffer.type || array.count < buffer.count {
          return
            "buffer \(number), \(buffer.count) of \(buffer.type), has an array of \(array.count) "
            + "of \(array.type)"
        }
      }
    }
    return nil
  }

  // MARK: Instructions

  private mutating func visit(_ instruction: Instruction) {
    guard case .loop(let loop) = instruction else {
      check(instruction)
      return
    }
    if let fault = instruction.structuralFault {
      faults.append("loop: \(fault)")
      return
    }
    for pass in 0..<loop.count where faults.isEmpty {
      for (number, own) in loop.body.enumerated() where faults.isEmpty {
        check(own.mappingSpans { $0.advanced(by: pass * $0.step) })
        if let fault = faults.first {
          faults = ["loop, pass \(pass), instruction \(number), \(fault)"]
        }
      }
    }
  }

  private mutating func check(_ instruction: Instruction) {
    let fault =
      instruction.structuralFault ?? boundsFault(of: instruction) ?? overlapFault(of: instruction)
    if let fault {
      faults.append("\(instruction.kind): \(fault)")
      return
    }
    for write in instruction.touched where write.isWrite {
      if program.buffers[write.span.buffer].isTemporary {
        written[write.span.buffer, default: RangeSet()].insert(contentsOf: write.range)
      }
    }
  }

  private func boundsFault(of instruction: Instruction) -> String? {
    let known = instruction.accesses
    for touch in instruction.touched where !touch.range.isEmpty {
      let (number, range) = (touch.span.buffer, touch.range)
      let verb = touch.isWrite ? "writes" : "reads"
      let what = "\(verb) \(touch.what), elements \(range) of buffer \(number)"
      guard program.buffers.indices.contains(number) else { return "\(what), which is not there" }
      let buffer = program.buffers[number]
      guard range.lowerBound >= 0, range.upperBound <= buffer.count else {
        return "\(what), which has \(buffer.count)"
      }
      guard touch.type == buffer.type else { return "\(what), which holds \(buffer.type)" }
      guard
        known.contains(where: {
          $0.buffer == number && ($0.isWrite || !touch.isWrite)
            && $0.range.lowerBound <= range.lowerBound && $0.range.upperBound >= range.upperBound
        })
      else { return "\(what), which its accesses do not say" }
      if !touch.isWrite, buffer.isTemporary {
        let isThere = written[number]?.ranges.contains {
          $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound
        }
        if isThere != true { return "\(what), of which not all was written" }
      }
    }
    return nil
  }

  /// What is written twice, or written although other elements of it are read.
  private func overlapFault(of instruction: Instruction) -> String? {
    let touches = instruction.touched.filter { !$0.range.isEmpty }
    for (number, write) in touches.enumerated() where write.isWrite {
      for (other, touch) in touches.enumerated() where other != number {
        guard touch.span.buffer == write.span.buffer, touch.range.overlaps(write.range) else {
          continue
        }
        if touch.isWrite {
          if other < number { return "writes \(write.what) and \(touch.what) to the same elements" }
        } else if !(touch.isElementwise && write.isElementwise && touch.range == write.range) {
          return "writes \(write.what) over \(touch.what), which it reads"
        }
      }
    }
    return nil
  }
}

/// What an instruction reads or writes, computed from its fields alone.
struct TouchedMemory {
  let what: String
  let span: Span
  let range: Range<Int>
  let isWrite: Bool
  let type: ElementType
  /// Whether element i of what is computed touches element i of the range, and no other.
  let isElementwise: Bool

  init(
    _ what: String, _ span: Span, from start: Int = 0, count: Int, isWrite: Bool = false,
    type: ElementType = .real, isElementwise: Bool = false
  ) {
    self.what = what
    self.span = span
    range = span.offset + start..<span.offset + start + Swift.max(0, count)
    self.isWrite = isWrite
    self.type = type
    self.isElementwise = isElementwise
  }
}
