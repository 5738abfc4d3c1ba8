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
    do {
      var command = try HypertowerCommand.parseAsRoot()
      try command.run()
      return 0
    } catch {
      guard let failure = Failure(error) else { HypertowerCommand.exit(withError: error) }
      Console.note(text(of: failure))
      return failure.status.rawValue
    }
  }

  /// What is said about a failure; whoever interrupts a run knows that it is no error.
  static func text(of failure: Failure) -> String {
    "\(failure.isInterruption ? "hypertower" : "Error"): \(failure.message)\n"
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
      ExportCommand.self,
      DevicesCommand.self, BenchCommand.self, TuneCommand.self, ExperimentCommand.self,
    ])
}
