import Glibc
import Synchronization

/// The signal by which the user has asked a run to end, if any.
///
/// The first SIGINT or SIGTERM is noted, and the run ends where it can go on later; a second one ends
/// the program at once.
enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// Notes signals from now on.
  static func watch() {
    // Made here, for a signal handler may not.
    received.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      // A shell has background jobs ignore SIGINT; that stays.
      guard sigaction(number, nil, &action) == 0, !isIgnored(action) else { continue }
      action.__sigaction_handler.sa_handler = { number in
        if Interruption.received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
      sigaction(number, &action, nil)
    }
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    // SIG_IGN, a macro that Swift does not import, is 1.
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// The number of the signal; nil if none came.
  static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
