/// The buffers that a section refers to, in the order of their first mention, without repeats.
struct ArgumentList {
  private(set) var buffers: [Int] = []
  private var isWritten: Set<Int> = []
  private var types: [Int: String] = [:]
  /// Whether something lies elsewhere in each pass of a loop.
  private(set) var usesIteration = false

  /// The name of the parameter for `buffer`, whose elements are of `type`; default: real.
  mutating func name(_ buffer: Int, written: Bool = false, type: String = "real") -> String {
    types[buffer] = type
    if !buffers.contains(buffer) { buffers.append(buffer) }
    if written { isWritten.insert(buffer) }
    return "buffer\(buffer)"
  }

  /// Where a span begins, as text.
  mutating func offset(_ span: Span) -> String {
    if span.step != 0 { usesIteration = true }
    return span.offsetCode
  }

  var parameters: [KernelSection.Parameter] {
    buffers.map { buffer in
      .init(
        "global \(isWritten.contains(buffer) ? "" : "const ")\(types[buffer]!) *buffer\(buffer)",
        .buffer(buffer))
    } + (usesIteration ? [.iteration] : [])
  }

  var names: [String] {
    buffers.map { "buffer\($0)" } + (usesIteration ? ["iteration"] : [])
  }

  /// The same for a section that reads `spans` as well.
  func parameters(besides spans: [Span]) -> [KernelSection.Parameter] {
    let needsIteration = !usesIteration && spans.contains { $0.step != 0 }
    return parameters + (needsIteration ? [.iteration] : [])
  }
}
