internal import OpenCL

/// One launch of an instruction: its source, its arguments and its size.
struct KernelPlan {
  /// What a kernel's argument is bound to.
  enum Argument {
    /// A buffer of the program, by its number.
    case buffer(Int)
    /// Numbers that the launch brings along.
    case table([Int32])
    /// Memory for intermediate results of the launch, of that many reals, by a number of its own.
    case scratch(Int, count: Int)
    case number(Int32)
  }

  /// The source's kernel is called `KERNEL`.
  var source: String
  var arguments: [Argument]
  var size: LaunchSize
}

/// Definitions before a kernel's source.
func defining(_ definitions: [(String, Int)], _ source: String) -> String {
  definitions.map { "#define \($0.0) \($0.1)\n" }.joined() + source + "\n"
    + definitions.map { "#undef \($0.0)\n" }.joined()
}

/// The buffers that a kernel refers to, in the order of their first mention, without repeats.
struct ArgumentList {
  private(set) var buffers: [Int] = []
  private var isWritten: Set<Int> = []

  /// The name of the argument for `buffer`.
  mutating func name(_ buffer: Int, written: Bool = false) -> String {
    if !buffers.contains(buffer) { buffers.append(buffer) }
    if written { isWritten.insert(buffer) }
    return "buffer\(buffer)"
  }

  /// The declarations, for a parameter list.
  var declarations: [String] {
    buffers.map { buffer in
      "global \(isWritten.contains(buffer) ? "" : "const ")real *buffer\(buffer)"
    }
  }

  var names: [String] { buffers.map { "buffer\($0)" } }
  var arguments: [KernelPlan.Argument] { buffers.map { .buffer($0) } }
}
