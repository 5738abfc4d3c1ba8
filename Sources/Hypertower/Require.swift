/// Stops the program with `message` unless `condition` holds: for a programmer's mistake, which
/// `precondition` would not name in an optimized build.
@inline(__always)
package func require(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError(message(), file: file, line: line) }
}
