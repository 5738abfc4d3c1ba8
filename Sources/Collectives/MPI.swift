internal import Glibc

/// The processes that `mpirun`, `mpiexec` or Slurm's `srun` has started, under Open MPI or MPICH.
///
/// ```swift
/// let trainer = try Trainer(model, loss: .crossEntropy, optimizer: Adam() / Drift(), on: device, collective: MPI())
/// ```
///
/// The library is found when this is made; a program that never makes it needs none. A process makes it once, and ends
/// with `finish()` or `abort(status:)`.
public final class MPI: Collective {
  public let rank: Int
  public let size: Int
  /// Which family of libraries it is.
  public let implementation: MPIImplementation
  public private(set) var sentByteCount = 0
  /// Default: ten minutes.
  public var patience: Duration? = .seconds(600)
  private let library: MPILibrary

  /// Joins the other processes.
  ///
  /// - Parameter implementation: default: the launcher's.
  /// - Throws: `RankError` if no launcher has started this process, or the library is not installed or refuses.
  public init(_ implementation: MPIImplementation? = nil) throws {
    guard let implementation = implementation ?? .ofLauncher else {
      throw RankError(
        "this process was not started under MPI: start it by mpirun -n N, of Open MPI or MPICH")
    }
    self.implementation = implementation
    library = try MPILibrary(implementation)
    // One thread at a time uses it, though not always the first one.
    let serialized: Int32 = 2
    var provided: Int32 = 0
    try Self.check(library.initialize(nil, nil, serialized, &provided), "MPI_Init_thread", library)
    _ = library.setErrorHandler(library.world, library.returningErrors)
    var (rank, size): (Int32, Int32) = (0, 0)
    try Self.check(library.rank(library.world, &rank), "MPI_Comm_rank", library)
    try Self.check(library.size(library.world, &size), "MPI_Comm_size", library)
    (self.rank, self.size) = (Int(rank), Int(size))
    if let launched = MPIImplementation.launchedSize, launched != self.size {
      throw RankError(
        "the launcher has started \(launched) processes, but \(library.name) sees \(size): the launcher and the "
          + "library are of different installations or versions of MPI; use the mpirun that belongs to the library"
      )
    }
  }

  private static func check(_ code: Int32, _ call: String, _ library: MPILibrary) throws {
    guard code != 0 else { return }
    // MPI_MAX_ERROR_STRING is 256 in one and 512 in the other.
    var text = [CChar](repeating: 0, count: 1024)
    var length: Int32 = 0
    _ = library.errorText(code, &text, &length)
    let words = String(
      decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw RankError("\(call) of \(library.name) failed with \(code): \(words)")
  }

  public func send(
    _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
  ) throws -> any Message {
    sentByteCount += bytes.count
    let message = Request(library)
    try Self.check(
      library.send(
        bytes.baseAddress, Int32(bytes.count), library.byte, Int32(rank), Int32(tag),
        library.world, message.handle), "MPI_Isend to rank \(rank)", library)
    return message
  }

  public func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws -> any Message {
    let message = Request(library)
    try Self.check(
      library.receive(
        bytes.baseAddress, Int32(bytes.count), library.byte, Int32(rank), Int32(tag),
        library.world, message.handle), "MPI_Irecv from rank \(rank)", library)
    return message
  }

  /// Waits until all ranks have come here, and leaves MPI.
  public func finish() throws {
    // The library's own wait would take a core from those that still work.
    _ = try difference(in: [])
    try Self.check(library.finalize(), "MPI_Finalize", library)
  }

  /// Ends all ranks.
  public func abort(status: Int32) -> Never {
    _ = library.abort(library.world, status)
    exit(status)
  }

  private final class Request: Message {
    /// Room for a handle of either kind.
    let handle = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    private let library: MPILibrary
    private var hasEnded = false

    init(_ library: MPILibrary) {
      self.library = library
      handle.storeBytes(of: 0, as: Int.self)
    }

    deinit { handle.deallocate() }

    func isDone() throws -> Bool {
      if hasEnded { return true }
      var flag: Int32 = 0
      try MPI.check(library.test(handle, &flag, library.ignoredStatus), "MPI_Test", library)
      hasEnded = flag != 0
      return hasEnded
    }
  }
}
