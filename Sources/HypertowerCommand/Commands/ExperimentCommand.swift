import ArgumentParser
import Hypertower

struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Reproduces a table or a figure of the papers, or compares towers.",
    discussion: """
      Writes NAME.json (all numbers), NAME.md (tables) and plots, with their data and the script for \
      gnuplot, into a folder. An experiment that is interrupted goes on where it stopped when the \
      same command is given again.
      """,
    subcommands: experiments + [UnknownExperimentCommand.self],
    defaultSubcommand: UnknownExperimentCommand.self)

  fileprivate static let experiments: [any ParsableCommand.Type] = [
    SurfaceCommand.self, Table1Command.self, Table2Command.self, SensitivityCommand.self,
    HeightCommand.self, Table2022Command.self, CNN2022Command.self, RNN2022Command.self,
    DecadesCommand.self, CompareCommand.self, UntunedCommand.self,
  ]
}

/// Takes the words that name no experiment, and says which there are.
struct UnknownExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "unknown", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var words: [String] = []

  func run() throws {
    let names = ExperimentCommand.experiments.map { $0.configuration.commandName! }
    let known = names.joined(separator: ", ")
    guard let name = words.first, !name.hasPrefix("-") else {
      throw Failure(.usage, "name an experiment right after 'experiment': \(known)")
    }
    let hint = nearMiss(of: name, among: names).map { "did you mean '\($0)'? There" } ?? "there"
    throw Failure(.usage, "unknown experiment '\(name)'; \(hint) are \(known)")
  }
}
