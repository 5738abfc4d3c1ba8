import FoundationEssentials
import Glibc

/// What a built program, `hypertower` or an example, did when it was run as a user runs it.
struct CommandRun {
  let status: Int32
  let output: String
  let errors: String

  var outputLines: [Substring] { output.split(separator: "\n") }

  /// Runs a program with `arguments` to its end, its outputs being no terminals.
  ///
  /// - Parameters:
  ///   - program: its name; default: `hypertower`.
  ///   - environment: variables in addition to those of the tests.
  ///   - sink: where standard output goes; default: it is kept.
  ///   - signals: what the program is sent while it runs, one after another.
  ///   - file: what the program makes before it is sent the first signal.
  ///   - isReady: whether it may be sent a later signal, by the signal's place.
  ///   - hasReaders: whether somebody reads standard output and standard error; default: true.
  ///   - closed: the standard descriptors that are closed when the program begins.
  ///   - setup: what a shell does first in the program's place, such as `ulimit -f 2`.
  ///   - terminal: the kind of terminal that standard error is, as in `TERM`; default: none.
  init(
    _ arguments: [String], program name: String = "hypertower", environment: [String: String] = [:],
    discardingOutputTo sink: String? = nil, signals: [Int32] = [],
    onceThereIs file: String = "", isReady: (Int) -> Bool = { _ in true }, hasReaders: Bool = true,
    closed: [Int32] = [], after setup: String? = nil, terminal: String? = nil
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (outputPath, errorsPath) = (sink ?? folder + "/output", folder + "/errors")

    var unread: Int32?
    defer { if let unread { close(unread) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, path) in [(STDOUT_FILENO, outputPath), (STDERR_FILENO, errorsPath)] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    if !hasReaders {
      var ends: [Int32] = [0, 0]
      pipe(&ends)
      close(ends[0])
      for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
        posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor)
      }
      posix_spawn_file_actions_addclose(&actions, ends[1])
      unread = ends[1]
    }
    for descriptor in closed { posix_spawn_file_actions_addclose(&actions, descriptor) }
    let display = try terminal.map { _ in try PseudoTerminal() }
    if let display {
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, display.path, O_RDWR | O_NOCTTY, 0)
    }
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let terminal { variables["TERM"] = terminal }
    variables["SWIFT_BACKTRACE"] = "enable=no"
    let program = Self.folder + name
    let shell = setup.map { ["/bin/sh", "-c", $0 + "; exec \"$0\" \"$@\""] } ?? []
    let words = (shell + [program] + arguments).map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + settings { free(text) } }
    var process = pid_t()
    // The threads of tests block signals, and what started them may ignore some, as `nohup` and
    // shells' background jobs do: a program would inherit both.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    var allSignals = sigset_t()
    sigfillset(&allSignals)
    posix_spawnattr_setsigdefault(&attributes, &allSignals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let code = posix_spawn(
      &process, shell.first ?? program, &actions, &attributes, words, settings)
    guard code == 0 else { throw SpawnFailure(program: program, code: code) }

    for (number, signal) in signals.enumerated() {
      // A minute at most: a program that has ended makes nothing.
      for _ in 0..<6000 where number == 0 ? access(file, F_OK) != 0 : !isReady(number) {
        usleep(10_000)
      }
      usleep(300_000)
      kill(process, signal)
    }
    var wait: Int32 = 0
    // A program that goes on in spite of its last signal is ended after a minute.
    for _ in 0..<6000 where !signals.isEmpty {
      var state = siginfo_t()
      waitid(P_PID, id_t(process), &state, WEXITED | WNOHANG | WNOWAIT)
      if state.si_signo == SIGCHLD { break }
      usleep(10_000)
    }
    if !signals.isEmpty { kill(process, SIGKILL) }
    while waitpid(process, &wait, 0) < 0 && errno == EINTR {}
    // A program that a signal ended gets the status that a shell would report.
    status = wait & 0x7F == 0 ? (wait >> 8) & 0xFF : 128 + (wait & 0x7F)
    output =
      try sink != nil
      ? "" : String(decoding: Data(contentsOf: URL(filePath: outputPath)), as: UTF8.self)
    errors =
      try display?.text
      ?? String(decoding: Data(contentsOf: URL(filePath: errorsPath)), as: UTF8.self)
  }

  struct SpawnFailure: Error {
    let program: String
    let code: Int32
  }

  /// Where programs lie, beside the tests' executable.
  private static let folder: String = {
    var path = [UInt8](repeating: 0, count: 4096)
    let count = path.withUnsafeMutableBytes {
      readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    let tests = String(decoding: path.prefix(max(count, 0)), as: UTF8.self)
    return String(tests.prefix(through: tests.lastIndex(of: "/") ?? tests.startIndex))
  }()
}
