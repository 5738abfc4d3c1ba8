internal import Glibc

/// A wait for something that only asking brings about.
///
/// It asks again at once at first, since most messages arrive within microseconds; then lets other threads run, which
/// share the core where there are more ranks than cores; and at last sleeps between two questions.
struct Waiting {
  private var questions = 0

  private static let atOnce = 200
  private static let yielding = 2_000
  /// In microseconds.
  private static let pause: UInt32 = 50

  /// Lets some time pass after a question that was answered with no.
  mutating func pass() {
    questions += 1
    if questions > Self.yielding {
      usleep(Self.pause)
    } else if questions > Self.atOnce {
      sched_yield()
    }
  }

  /// Something has happened.
  mutating func reset() { questions = 0 }
}

extension Message {
  /// Waits until the message is done.
  func wait() throws {
    var waiting = Waiting()
    while try !isDone() { waiting.pass() }
  }
}
