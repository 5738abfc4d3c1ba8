import ArgumentParser
import Hypertower

struct DecadesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decades",
    abstract: "Accuracy by the step size at the start, 1e-8 to 1e4: what needs no tuning.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try Decades(
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), isQuick: options.quick, on: device)
    }
  }
}
