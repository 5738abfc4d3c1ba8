/// The buffers that a section refers to, in the order of their first mention, without repeats.
struct ArgumentList {
  private(set) var buffers: [Int] = []
  private var isWritten: Set<Int> = []
  private var types: [Int: String] = [:]

  /// The name of the parameter for `buffer`, whose elements are of `type`; default: real.
  mutating func name(_ buffer: Int, written: Bool = false, type: String = "real") -> String {
    types[buffer] = type
    if !buffers.contains(buffer) { buffers.append(buffer) }
    if written { isWritten.insert(buffer) }
    return "buffer\(buffer)"
  }

  var parameters: [KernelSection.Parameter] {
    buffers.map { buffer in
      .init(
        "global \(isWritten.contains(buffer) ? "" : "const ")\(types[buffer]!) *buffer\(buffer)",
        .buffer(buffer))
    }
  }

  var names: [String] { buffers.map { "buffer\($0)" } }
}
