import ArgumentParser
import Glibc

/// Where the program starts: it parses the command line, runs the command, and turns what went
/// wrong into a message and an exit status.
@main
enum EntryPoint {
  static func main() {
    Console.prepare()
    exit(run())
  }

  /// The exit status, when all that the command held is released.
  private static func run() -> Int32 {
    var settings: SettingsFile?
    do {
      settings = try SettingsFile(arguments: Array(CommandLine.arguments.dropFirst()))
      var command = try HypertowerCommand.parseAsRoot(settings?.arguments)
      try command.run()
      return 0
    } catch {
      guard let failure = Failure(error) else { return end(with: error, settings) }
      let place = failure.status == .usage ? settings?.place(of: failure.message) ?? "" : ""
      Console.note(text(of: failure, place: place))
      return failure.status.rawValue
    }
  }

  /// Ends as the argument parser does, which knows its errors, and names the line of a settings file that one is
  /// about.
  private static func end(with error: any Error, _ settings: SettingsFile?) -> Int32 {
    let code = HypertowerCommand.exitCode(for: error)
    let place = settings?.place(of: HypertowerCommand.message(for: error)) ?? ""
    let message = HypertowerCommand.fullMessage(for: error)
    let prefix = "Error: "
    guard !code.isSuccess, !place.isEmpty, message.hasPrefix(prefix) else {
      HypertowerCommand.exit(withError: error)
    }
    Console.note("\(prefix)\(place)\(message.dropFirst(prefix.count))\n")
    return code.rawValue
  }

  /// What is said about a failure, with the place in a settings file that it is about; whoever interrupts a run
  /// knows that it is no error.
  static func text(of failure: Failure, place: String = "") -> String {
    "\(failure.isInterruption ? "hypertower" : "Error"): \(place)\(failure.message)\n"
  }
}

struct HypertowerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypertower",
    abstract: "Trains neural networks on any OpenCL device, with optimizers that tune themselves.",
    discussion: """
      An optimizer's step size is moved by another optimizer, whose step size is moved by another: \
      a tower, written bottom first, as in "sgd(0.01) / adam()".

      Exit statuses: 3 numbers that are not finite (training diverged, or weights are broken), 64 wrong \
      usage, 65 data that are damaged or do not fit, 66 missing input, 69 no such device, or it was \
      lost, or no MPI, 70 a kernel does not build, 71 too little memory, 73 output that cannot be written, 129, \
      130 or 143 interrupted by SIGHUP, SIGINT or SIGTERM.
      """,
    version: Version.text,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, GenerateCommand.self,
      ExportCommand.self, RunsCommand.self,
      DevicesCommand.self, BenchCommand.self, TuneCommand.self, ExperimentCommand.self,
      ManualCommand.self,
    ])
}
