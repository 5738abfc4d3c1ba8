import Collectives
import Glibc
import Hypertower

/// The processes that train together, where an MPI launcher has started this one.
final class Ranks {
  let collective: MPI
  /// Whether no step follows, so that this rank may leave while others still write.
  var isOver = false

  private init(_ collective: MPI) { self.collective = collective }

  /// Joins the other processes; nil where no launcher has started this one.
  ///
  /// From here on, the first rank alone speaks.
  static func join() throws -> Ranks? {
    guard MPIImplementation.ofLauncher != nil else { return nil }
    Console.isSilent = MPIImplementation.launchedRank > 0
    return Ranks(try MPI())
  }

  var isFirst: Bool { collective.rank == 0 }

  /// How the ranks share a batch, in words.
  func summary(shards: Int, batchSize: Int) -> String {
    let (size, longer) = batchSize.quotientAndRemainder(dividingBy: shards)
    let samples = longer == 0 ? "\(size)" : "\(size) or \(size + 1)"
    let name = collective.implementation.rawValue
    let ranks = collective.size == 1 ? "1 rank" : "\(collective.size) ranks"
    return shards == collective.size
      ? "\(ranks) under \(name), \(samples) samples each"
      : "\(ranks) under \(name), \(shards) shards of \(samples) samples"
  }

  /// Takes the steps of a run that the first rank tells of.
  ///
  /// - Throws: `Failure` for what ends all ranks alike; what the device reports.
  func follow(_ run: TrainingRun) throws {
    do {
      _ = try run.run()
      isOver = true
    } catch let error as DivergenceError {
      isOver = true
      throw error
    } catch let interruption as TrainingRun.Interrupted {
      isOver = true
      throw Failure(.init(signal: interruption.signal), "interrupted")
    }
  }

  /// Waits for the other ranks, and leaves them.
  func leave() throws { try collective.finish() }

  /// How long a rank waits before it tells an error that the first rank may tell as well, in microseconds.
  private static let courtesy: UInt32 = 3_000_000

  /// Ends this rank, and all others with it unless they are about to end, too.
  func end(_ error: any Error) throws -> Never {
    guard let failure = Failure(error) else {
      Console.isSilent = false
      Console.note("hypertower: rank \(collective.rank): \(error)\n")
      Self.letLauncherForwardErrors()
      collective.abort(status: 1)
    }
    if isOver {
      try leave()
      if isFirst { Console.note(EntryPoint.text(of: failure)) }
      exit(failure.status.rawValue)
    }
    // What all ranks meet, such as a missing file, the first one tells, and its end is that of all.
    if !isFirst { usleep(Self.courtesy) }
    Console.isSilent = false
    let name = "rank \(collective.rank) of \(collective.size)"
    Console.note(
      EntryPoint.text(
        of: Failure(failure.status, "\(name), on \(Self.machine): \(failure.message)")))
    Self.letLauncherForwardErrors()
    collective.abort(status: failure.status.rawValue)
  }

  /// Waits, at most about a second, until the launcher has read what stands in standard error's pipe, and a moment for it
  /// to pass that on: launchers drop what they have not passed on when a rank ends all.
  private static func letLauncherForwardErrors() {
    var unread: Int32 = 0
    for _ in 0..<100 where ioctl(STDERR_FILENO, UInt(FIONREAD), &unread) == 0 && unread > 0 {
      usleep(10_000)
    }
    usleep(200_000)
  }

  /// The name of this machine.
  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "an unknown machine" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
