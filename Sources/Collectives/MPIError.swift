/// Why ranks cannot run or go on under MPI.
public struct MPIError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
