/// Stops the program with `message` unless `condition` holds: for mistakes of the programmer.
///
/// Unlike `precondition`, it says what was wrong in optimised builds too.
@inline(__always)
func require(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
  line: UInt = #line
) {
  if !condition { fatalError(message(), file: file, line: line) }
}
