import Glibc
import Hypertower
import Synchronization

/// What the user has asked of a run by signals.
///
/// SIGINT, SIGTERM and SIGHUP ask it to end where it can go on later; a second one of these ends the
/// program at once. SIGUSR1 asks for a checkpoint. A signal that was ignored when the program began, as
/// SIGHUP under `nohup`, stays ignored.
///
/// A thread of its own waits for the signals, which all others block: drivers' compilers install
/// handlers of their own, and threads that they start would otherwise be sent the signals.
enum Interruption {
  private static let endings = [SIGINT, SIGTERM, SIGHUP]
  private static let received = Atomic<Int32>(0)
  private static let isCheckpointRequested = Atomic(false)

  /// Notes signals from now on. Call it before any other thread is started.
  static func watch() {
    // The thread that waits for them uses the set as long as the program runs.
    let watched = UnsafeMutablePointer<sigset_t>.allocate(capacity: 1)
    sigemptyset(watched)
    for number in endings + [SIGUSR1] where !isIgnored(number) { sigaddset(watched, number) }
    pthread_sigmask(SIG_BLOCK, watched, nil)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { watched in
        while true { Interruption.note(watched!.assumingMemoryBound(to: sigset_t.self)) }
      }, watched)
    guard code == 0 else { fatalError("no thread for signals: \(String(cString: strerror(code)))") }
    pthread_detach(thread)
  }

  /// Waits for one of the signals.
  private static func note(_ watched: UnsafePointer<sigset_t>) {
    var number: Int32 = 0
    guard sigwait(watched, &number) == 0 else { return }
    if number == SIGUSR1 {
      isCheckpointRequested.store(true, ordering: .relaxed)
    } else if received.exchange(number, ordering: .relaxed) != 0 {
      _exit(128 + number)
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    // SIG_IGN, a macro that Swift does not import, is 1.
    return sigaction(number, nil, &action) == 0
      && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// The number of the signal that has asked the run to end; nil if none came.
  static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Whether to wait no longer for a pipe or a terminal that takes nothing.
  static var isRequested: Bool { signal != nil }

  /// Runs `body`, which gives up waiting for a reader when a signal asks for the end.
  ///
  /// - Throws: the `Failure` that this is.
  static func whileWaiting<Result>(for name: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch is OpenFile.GivenUp {
      throw Failure(
        .init(signal: signal ?? SIGTERM), "interrupted while nobody took what is written to \(name)"
      )
    }
  }

  /// Whether a checkpoint was asked for since the last call.
  static func takeCheckpointRequest() -> Bool {
    isCheckpointRequested.exchange(false, ordering: .relaxed)
  }
}
