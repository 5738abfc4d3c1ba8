/// A fault in what the world handed over or offered: a file, an argument, a device.
///
/// The message names the file or field at fault and what to do about it.
public struct InputError: Error, CustomStringConvertible, Sendable {
  /// What kind of fault it is; the command maps each kind to an exit status.
  public enum Kind: Sendable {
    /// A value that makes no sense: an unknown name, a number out of range. Exit status 64.
    case usage
    /// A file whose contents are damaged or do not fit. Exit status 65.
    case badData
    /// A file that is not there or cannot be read. Exit status 66.
    case missingInput
    /// A device that is not there. Exit status 69.
    case noDevice
    /// More than fits into memory. Exit status 71.
    case memory
    /// A file that cannot be written. Exit status 73.
    case cannotWrite
    /// Numbers that are not finite where they must be. Exit status 3.
    case notFinite
  }

  /// What kind of fault it is.
  public let kind: Kind
  /// What is wrong, where, and what to do about it.
  public let message: String

  /// A fault of a kind, with what to tell the user.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}
