internal import Glibc

/// A wait for something that only asking brings about.
///
/// It asks again at once at first, since most messages arrive within microseconds; then lets other threads run, which
/// share the core where there are more ranks than cores; and at last sleeps between two questions.
struct Waiting {
  private let rank: Int
  private let patience: Duration?
  private var questions = 0
  private var start = ContinuousClock.now

  private static let atOnce = 200
  private static let yielding = 2_000
  /// In microseconds.
  private static let pause: UInt32 = 50

  /// - Parameters:
  ///   - rank: what is waited for.
  ///   - patience: for how long; nil: for ever.
  init(for rank: Int, patience: Duration?) {
    (self.rank, self.patience) = (rank, patience)
  }

  /// Lets some time pass after a question that was answered with no.
  ///
  /// - Throws: `RankError` if nothing has happened for too long.
  mutating func pass() throws {
    questions += 1
    if questions > Self.yielding {
      usleep(Self.pause)
      if let patience, ContinuousClock.now - start > patience {
        throw RankError(
          "nothing has come from rank \(rank) for \(patience.components.seconds) s: it or the network to it has "
            + "stopped, or it is busy for longer than ranks wait")
      }
    } else if questions > Self.atOnce {
      sched_yield()
    }
  }

  /// Lets some time pass in which the own device computes, which may have this core.
  mutating func passWhileComputing() {
    usleep(Self.pause)
    reset()
  }

  /// Something has happened.
  mutating func reset() {
    questions = 0
    start = .now
  }
}

extension Collective {
  /// Waits until a message from or to a rank is done.
  func wait(for message: any Message, with rank: Int) throws {
    var waiting = Waiting(for: rank, patience: patience)
    while try !message.isDone() { try waiting.pass() }
  }
}
