import Testing

/// Checks that a process of an exit test has stopped with a message that begins like this.
func expectFatalError(_ message: String, in result: ExitTest.Result) {
  let text = String(decoding: result.standardErrorContent, as: UTF8.self)
  #expect(text.contains("Fatal error: \(message)"), "\(text.prefix(300))")
}
