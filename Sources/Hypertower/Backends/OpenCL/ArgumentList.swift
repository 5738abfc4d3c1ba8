/// The memory that a section refers to, by where it begins, in the order of first mentions, without repeats.
///
/// Sections do not know which memory that is: those that do the same to other memory are one function.
struct ArgumentList {
  private var spans: [Span] = []
  private var isWritten: Set<Span> = []
  private var types: [Span: String] = [:]

  /// The name of the parameter that points to where `span` begins, whose elements are of `type`; default: real.
  mutating func pointer(
    to span: Span, isWritten: Bool = false, type: String = "real"
  ) -> String {
    types[span] = type
    if isWritten { self.isWritten.insert(span) }
    if !spans.contains(span) { spans.append(span) }
    return Self.name(spans.firstIndex(of: span)!)
  }

  private static func name(_ number: Int) -> String { "memory\(number)" }

  var parameters: [KernelSection.Parameter] {
    spans.enumerated().map { number, span in
      .init(
        "global \(isWritten.contains(span) ? "" : "const ")\(types[span]!) *\(Self.name(number))",
        .span(span))
    }
  }

  var names: [String] { spans.indices.map(Self.name) }
}
