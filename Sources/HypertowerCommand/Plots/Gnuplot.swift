import FoundationEssentials
import Glibc
import Hypertower

/// The program that draws plots, if it is installed.
enum Gnuplot {
  /// Draws plots whose data and scripts are in a folder; without gnuplot, says how to get it.
  ///
  /// A plot that cannot be drawn is a warning: data and script are there to try again.
  ///
  /// - Returns: the plots that were drawn.
  static func draw(_ plots: [Plot], in folder: String) -> [Plot] {
    var drawn: [Plot] = []
    for plot in plots {
      let images = ["svg", "png"].map { "\(folder)/\(plot.name).\($0)" }
      // No picture of other data stays, nor half a picture.
      for image in images { unlink(image) }
      guard plot.hasPoints else {
        Console.warn("there is nothing to draw in \(plot.name): no step was taken, or all diverged")
        continue
      }
      switch run(script: "\(plot.name).gnuplot", in: folder) {
      case .success: drawn.append(plot)
      case .failure(.missing):
        let scripts = plots.map { "\($0.name).gnuplot" }.joined(separator: " ")
        Console.warn(
          "the plots are not drawn because gnuplot is not installed; their data and scripts are in "
            + "\(folder): apt-get install gnuplot-nox, then in that folder: gnuplot \(scripts)")
        return drawn
      case .failure(.failed(let reason)):
        for image in images { unlink(image) }
        Console.warn("gnuplot could not draw \(folder)/\(plot.name).gnuplot: \(reason)")
      }
    }
    return drawn
  }

  private enum Failure: Error {
    case missing
    case failed(String)
  }

  /// Runs a script in its folder.
  private static func run(script: String, in folder: String) -> Result<Void, Failure> {
    let temporary = FileManager.default.temporaryDirectory
    let errorsPath = temporary.appending(path: "hypertower-gnuplot-\(UUID())").path
    defer { unlink(errorsPath) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(
      &actions, STDERR_FILENO, errorsPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    let arguments = ["gnuplot", "-d", "-e", "cd \(Plot.quoted(folder))", script]
    let words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    // This program blocks the signals by which users end gnuplot, too.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let code = posix_spawnp(&process, "gnuplot", &actions, &attributes, words, environ)
    if code == ENOENT { return .failure(.missing) }
    guard code == 0 else { return .failure(.failed(String(cString: strerror(code)))) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    // glibc reports a program that is not there in either way.
    if status == 127 << 8 { return .failure(.missing) }
    guard status == 0 else {
      let errors = (try? FileReader.bytes(of: errorsPath)) ?? []
      return .failure(.failed(String(decoding: errors.suffix(500), as: UTF8.self)))
    }
    return .success(())
  }
}
