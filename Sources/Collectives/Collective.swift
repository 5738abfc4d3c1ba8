/// Processes or threads, the ranks, that run one program together and send each other messages.
///
/// A rank is used by one thread at a time.
public protocol Collective: AnyObject {
  /// The number of this rank, in `0..<size`.
  var rank: Int { get }
  /// The number of ranks.
  var size: Int { get }
  /// How many bytes this rank has sent so far.
  var sentByteCount: Int { get }
  /// How long a rank waits for a message of another before it takes it for lost; nil: for ever.
  var patience: Duration? { get }

  /// Starts to send bytes to another rank.
  ///
  /// Messages from one rank to another under one tag arrive in the order in which they are sent.
  ///
  /// - Parameters:
  ///   - bytes: stay in place and unchanged until the message is done.
  ///   - rank: the receiver.
  ///   - tag: what the receiver asks for, in `0...32767`.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Message
  /// Starts to receive bytes from another rank.
  ///
  /// - Parameters:
  ///   - bytes: as many as are sent; nobody else uses them until the message is done.
  ///   - rank: the sender.
  ///   - tag: as it was sent with.
  func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws -> any Message
}

/// A message on its way.
public protocol Message: AnyObject {
  /// Whether it has arrived or, at its sender, the bytes may change again.
  func isDone() throws -> Bool
}

/// A program of one rank.
public final class SingleRank: Collective {
  public let rank = 0
  public let size = 1
  public let sentByteCount = 0
  public let patience: Duration? = nil

  /// A program of its own: there is nobody to send to.
  public init() {}

  public func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) -> any Message {
    fatalError("SingleRank: there is no rank \(rank) to send to")
  }

  public func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) -> any Message {
    fatalError("SingleRank: there is no rank \(rank) to receive from")
  }
}
