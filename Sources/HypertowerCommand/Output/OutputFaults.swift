import Hypertower

/// The outputs of a run that could not be written: the others are written all the same, and the run ends
/// with the first fault.
final class OutputFaults {
  private var first: (any Error)?
  /// Those that the user has not been told of.
  private var untold: [any Error] = []
  private var told: Set<String> = []

  /// Writes an output while the run goes on; if that fails, warns once.
  ///
  /// - Parameters:
  ///   - output: what is written, such as "log"; one warning for each.
  ///   - consequence: what becomes of the run.
  func attempt(
    _ output: String, orElse consequence: String, _ body: () throws -> Void
  ) throws {
    guard let fault = try fault(of: body) else { return }
    if told.insert(output).inserted { Console.warn("\(Self.text(fault)); \(consequence)") }
  }

  /// Writes an output at the end of a run.
  func attempt(_ body: () throws -> Void) throws {
    if let fault = try fault(of: body) { untold.append(fault) }
  }

  /// What went wrong with the output; anything that does not concern an output is thrown.
  private func fault(of body: () throws -> Void) throws -> (any Error)? {
    do {
      try body()
      return nil
    } catch let error as InputError where [.cannotWrite, .missingInput].contains(error.kind) {
      first = first ?? error
      return error
    } catch let error as Failure where error.status == .cannotWrite || error.isInterruption {
      first = first ?? error
      return error
    }
  }

  /// Warns of all faults that the user has not been told of: the run ends with another error.
  func tell() {
    for fault in untold { Console.warn(Self.text(fault)) }
    untold = []
  }

  /// Throws the first fault, if there is one, and warns of the others.
  func throwFirst() throws {
    guard let first else { return }
    // The first of all is untold only if it is the first of these.
    if told.isEmpty { untold.removeFirst() }
    tell()
    throw first
  }

  private static func text(_ error: any Error) -> String {
    Failure(error)?.message ?? "\(error)"
  }
}
