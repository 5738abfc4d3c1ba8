/// The buffers that a section refers to, in the order of their first mention, without repeats.
struct ArgumentList {
  private(set) var buffers: [Int] = []
  private var isWritten: Set<Int> = []

  /// The name of the parameter for `buffer`.
  mutating func name(_ buffer: Int, written: Bool = false) -> String {
    if !buffers.contains(buffer) { buffers.append(buffer) }
    if written { isWritten.insert(buffer) }
    return "buffer\(buffer)"
  }

  var parameters: [KernelSection.Parameter] {
    buffers.map { buffer in
      .init(
        "global \(isWritten.contains(buffer) ? "" : "const ")real *buffer\(buffer)",
        .buffer(buffer))
    }
  }

  var names: [String] { buffers.map { "buffer\($0)" } }
}
