/// The parameters of a kernel: one for each buffer, or for each list of arrays if the buffer differs
/// between lists, one for all temporary buffers of a type if these share an array, and one for each
/// other argument of its sections.
struct ParameterNames {
  private(set) var arguments: [KernelSource.Argument] = []
  /// Statements that choose the buffers of a replay's list of arrays.
  private(set) var selections = ""
  private var declared: [String] = []
  private var bufferNames: [Int: String] = [:]
  /// What holds the number of a loop's pass, if something does.
  var iterationName: String?
  private let buffers: [BufferDescription]
  private let varying: Set<Int>
  private let alternatives: Int
  private let arena: MemoryPlan.Arena?
  private var arenaNames: [ElementType: String] = [:]

  init(
    _ buffers: [BufferDescription], varying: Set<Int>, alternatives: Int,
    arena: MemoryPlan.Arena? = nil
  ) {
    self.arena = arena
    self.buffers = buffers
    self.varying = varying
    self.alternatives = alternatives
  }

  var declarations: String { declared.joined(separator: ", ") }

  var names: String { declared.indices.map { "a\($0)" }.joined(separator: ", ") }

  /// The name by which a section's argument is known.
  mutating func add(_ argument: KernelSection.Argument) -> String {
    switch argument {
    case .table(let values): return add(.table(values), type: "global const int *")
    case .number(let value): return add(.number(value), type: "int ")
    case .constant(let value): return "\(value)"
    case .span(let span):
      let buffer = add(KernelSection.Argument.buffer(span.buffer))
      let offset =
        span.step == 0
        ? "\(span.offset)" : "(\(span.offset) + \(iteration()) * (\(span.step)))"
      return offset == "0" ? buffer : "\(buffer) + \(offset)"
    case .buffer(let buffer):
      if let known = bufferNames[buffer] { return known }
      let name = add(buffer)
      bufferNames[buffer] = name
      return name
    }
  }

  /// What holds the number of a loop's pass.
  private mutating func iteration() -> String {
    if let iterationName { return iterationName }
    let name = add(.iteration, type: "int ")
    iterationName = name
    return name
  }

  private mutating func add(_ buffer: Int) -> String {
    let type =
      switch buffers[buffer].type {
      case .real: "global real *"
      case .int32: "global int *"
      case .byte: "global uchar *"
      }
    if let offset = arena?.offsets[buffer] {
      let element = buffers[buffer].type
      let name = arenaNames[element] ?? add(.arena(element), type: type)
      arenaNames[element] = name
      return "\(name) + \(offset)"
    }
    guard varying.contains(buffer) else {
      return add(.buffer(buffer, alternative: nil), type: type)
    }
    let names = (0..<alternatives).map { add(.buffer(buffer, alternative: $0), type: type) }
    let choice = names.dropLast().enumerated().map { "alternative == \($0) ? \($1) : " }.joined()
    selections += "  \(type)b\(buffer) = \(choice)\(names[names.count - 1]);\n"
    return "b\(buffer)"
  }

  mutating func add(_ argument: KernelSource.Argument, type: String) -> String {
    let name = "a\(arguments.count)"
    arguments.append(argument)
    declared.append(type + name)
    return name
  }
}
