internal import Kernels

/// The source of a program's kernels: what all share, then the sections, then a kernel for each
/// launch.
///
/// Work of equal source shares a section, launches of equal source share a kernel.
struct KernelSource {
  /// A kernel with what its launch needs.
  struct Launch {
    /// What the launch does, in words.
    let label: String
    let kernelName: String
    let arguments: [KernelSection.Argument]
    let groups: Int
    let localSize: Int
  }

  /// A section in a launch: each work-group does so many of its units.
  struct Step {
    let section: KernelSection
    let unitsPerGroup: Int
  }

  /// Steps one after another, by so many work-groups.
  struct Branch {
    let steps: [Step]
    let groups: Int
  }

  private(set) var text: String
  private var sectionNames: [String: String] = [:]
  private var kernelNames: [String: String] = [:]
  private let buffers: [BufferDescription]

  /// The names that sections give to their functions; each gets names of its own.
  private static let functionNames = [
    "SECTION", "EPILOGUE", "WHOLE_TILE", "LAST_TILE", "TILE_OF", "PACK", "PROJECT",
    "UPDATE_BLOCK", "UNIFORMS", "HASH", "PERMUTE", "QUOTIENT",
  ]

  /// - Parameter buffers: those of the program that the sections name.
  init(_ buffers: [BufferDescription]) {
    self.buffers = buffers
    text =
      "#define LANES ROW_LANES\n" + String(cString: kernels_common())
      + "#if TOWER_LANES > 1\n"
      + "#define TOWER_BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n"
      + "#else\n#define TOWER_BARRIER\n#endif\n"
  }

  /// Adds the kernel of a launch in which branches of work-groups of `localSize` run side by side.
  mutating func add(_ branches: [Branch], localSize: Int) -> Launch {
    var arguments: [(declaration: String, argument: KernelSection.Argument)] = []
    var bufferNames: [Int: String] = [:]
    func name(_ argument: KernelSection.Argument) -> String {
      let number = arguments.count
      switch argument {
      case .buffer(let buffer):
        if let known = bufferNames[buffer] { return known }
        bufferNames[buffer] = "a\(number)"
        arguments.append(("global \(typeName(buffer)) *a\(number)", argument))
      case .table: arguments.append(("global const int *a\(number)", argument))
      case .number: arguments.append(("int a\(number)", argument))
      }
      return "a\(number)"
    }

    var body = ""
    var firstGroup = 0
    for (number, branch) in branches.enumerated() {
      let end = firstGroup + branch.groups
      let isLast = number == branches.count - 1
      body += number > 0 ? " else " : "  "
      body += isLast ? "{\n" : "if (group < \(end)) {\n"
      body += "    const int part = group - \(firstGroup);\n"
      for step in branch.steps {
        let section = step.section
        let names = section.parameters.map { ", " + name($0.argument) }.joined()
        let scratch = section.localMemory > 0 ? ", scratch" : ""
        body +=
          "    \(sectionName(section))(part * \(step.unitsPerGroup), "
          + "min((part + 1) * \(step.unitsPerGroup), \(section.units))\(names)\(scratch));\n"
      }
      body += "  }"
      firstGroup = end
    }
    let localMemory = branches.flatMap(\.steps).map(\.section.localMemory).max() ?? 0
    let scratch = localMemory > 0 ? "  local real scratch[\(localMemory)];\n" : ""
    let parameters = arguments.map(\.declaration).joined(separator: ", ")
    let kernel = "(\(parameters)) {\n\(scratch)  const int group = get_group_id(0);\n\(body)\n}\n"
    return Launch(
      label: branches.map { $0.steps.map(\.section.label).joined(separator: " → ") }
        .joined(separator: " | "),
      kernelName: kernelName(kernel), arguments: arguments.map(\.argument), groups: firstGroup,
      localSize: localSize)
  }

  private func typeName(_ buffer: Int) -> String {
    switch buffers[buffer].type {
    case .real: "real"
    case .int32: "int"
    case .byte: "uchar"
    }
  }

  private mutating func kernelName(_ source: String) -> String {
    if let name = kernelNames[source] { return name }
    let name = "kernel\(kernelNames.count)"
    kernelNames[source] = name
    text += "\nkernel void \(name)\(source)"
    return name
  }

  /// The name of a section's function, which is written down the first time.
  private mutating func sectionName(_ section: KernelSection) -> String {
    let scratch = section.localMemory > 0
    let parameters =
      section.parameters.map { ", " + $0.declaration } + (scratch ? [", local real *scratch"] : [])
    let arguments = section.parameters.map { ", " + $0.name } + (scratch ? [", scratch"] : [])
    let own = [
      ("SECTION_PARAMETERS", parameters.joined()), ("SECTION_ARGUMENTS", arguments.joined()),
    ]
    let key = parameters.joined() + section.source
    if let name = sectionNames[key] { return name }
    let name = "section\(sectionNames.count)"
    sectionNames[key] = name
    let definitions =
      own
      + Self.functionNames.map { function in
        (function, function == "SECTION" ? name : "\(name)_\(function.lowercased())")
      }
    text += "\n" + definitions.map { "#define \($0.0) \($0.1)\n" }.joined()
    text += section.source
    text += definitions.map { "#undef \($0.0)\n" }.joined()
    return name
  }
}
