internal import Glibc
internal import Synchronization

/// Ranks that are threads of one process.
public final class LocalRank: Collective {
  public let rank: Int
  public let size: Int
  public private(set) var sentByteCount = 0
  public var patience: Duration?
  private let post: Post

  private init(_ rank: Int, of size: Int, _ post: Post) {
    (self.rank, self.size, self.post) = (rank, size, post)
  }

  /// Runs `body` as each of `size` ranks, each in a thread of its own.
  ///
  /// - Parameters:
  ///   - size: the number of ranks.
  ///   - link: the network that messages are slowed down to; default: none, so that they arrive at once.
  ///   - body: what a rank does.
  /// - Returns: what it returns, rank by rank.
  /// - Throws: what the first rank throws that throws anything. The others must then end, too.
  public static func run<Result: Sendable>(
    _ size: Int, over link: Link? = nil, _ body: @escaping @Sendable (LocalRank) throws -> Result
  ) throws -> [Result] {
    let post = Post(link)
    let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
    // Threads of our own: a queue may let some ranks wait for the end of others, which wait for them.
    let threads = (0..<size).map { number in
      RankThread.started {
        let result = Swift.Result { try body(LocalRank(number, of: size, post)) }
        if case .failure = result { post.close() }
        results.withLock { $0[number] = result }
      }
    }
    for thread in threads { pthread_join(thread, nil) }
    let all = results.withLock { $0 }
    let failures = (0..<size).compactMap { number -> (any Error)? in
      if case .failure(let error) = all[number]! { error } else { nil }
    }
    if let first = failures.first(where: { !($0 is OtherRankFailed) }) ?? failures.first {
      throw first
    }
    return try (0..<size).map { try all[$0]!.get() }
  }

  /// Another rank has thrown an error.
  struct OtherRankFailed: Error {}

  public func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) -> any Message {
    sentByteCount += bytes.count
    post.put(Array(bytes), Post.Address(from: self.rank, to: rank, tag: tag))
    return Sent()
  }

  public func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) -> any Message {
    Received(into: bytes, Post.Address(from: rank, to: self.rank, tag: tag), post)
  }

  private final class Sent: Message {
    func isDone() -> Bool { true }
  }

  private final class Received: Message {
    private let bytes: UnsafeMutableRawBufferPointer
    private let address: Post.Address
    private let post: Post
    private var hasArrived = false

    init(
      into bytes: UnsafeMutableRawBufferPointer, _ address: Post.Address, _ post: Post
    ) {
      (self.bytes, self.address, self.post) = (bytes, address, post)
    }

    func isDone() throws -> Bool {
      if hasArrived { return true }
      guard let arrived = try post.take(address) else { return false }
      precondition(arrived.count == bytes.count, "a message of another size")
      bytes.copyBytes(from: arrived)
      hasArrived = true
      return true
    }
  }
}

/// Messages that nobody has taken yet.
private final class Post: Sendable {
  struct Address: Hashable {
    let from: Int
    let to: Int
    let tag: Int
  }

  private struct Sent {
    let bytes: [UInt8]
    /// nil: it has arrived.
    let arrival: ContinuousClock.Instant?
  }

  private struct Contents {
    var messages: [Address: [Sent]] = [:]
    /// When a rank will have sent all that it has to.
    var sent: [Int: ContinuousClock.Instant] = [:]
    var isClosed = false
  }

  private let link: Link?
  private let contents = Mutex(Contents())

  init(_ link: Link?) { self.link = link }

  func put(_ message: [UInt8], _ address: Address) {
    let now = ContinuousClock.now
    contents.withLock { contents in
      var arrival: ContinuousClock.Instant?
      if let link {
        let start = Swift.max(now, contents.sent[address.from] ?? now)
        let end = start + .seconds(Double(message.count) / link.bytesPerSecond)
        contents.sent[address.from] = end
        arrival = end + link.latency
      }
      contents.messages[address, default: []].append(Sent(bytes: message, arrival: arrival))
    }
  }

  /// The oldest message to an address; nil if there is none yet.
  func take(_ address: Address) throws -> [UInt8]? {
    try contents.withLock { contents in
      guard let first = contents.messages[address]?.first else {
        if contents.isClosed { throw LocalRank.OtherRankFailed() }
        return nil
      }
      if let arrival = first.arrival, arrival > .now { return nil }
      contents.messages[address]!.removeFirst()
      return first.bytes
    }
  }

  func close() { contents.withLock { $0.isClosed = true } }
}

/// The work of a thread.
private final class RankThread: Sendable {
  private let body: @Sendable () -> Void

  private init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// A thread that runs `body`.
  static func started(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<RankThread>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(RankThread(body)).toOpaque())
    guard code == 0 else { fatalError("no thread for a rank: \(String(cString: strerror(code)))") }
    return thread
  }
}
