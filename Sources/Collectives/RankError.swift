/// Why ranks cannot run together, or go on.
public struct RankError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
