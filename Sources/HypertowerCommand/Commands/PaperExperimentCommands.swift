import ArgumentParser
import Hypertower

struct SurfaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "surface",
    abstract: "Figure 1 of 2019: SGD's loss by step size, and self-tuning SGD's path.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try Surface(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct Table1Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table1", abstract: "Table 1 of 2019: towers on SGD.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table1(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct Table2Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table2", abstract: "Table 2 of 2019: towers on Adam.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table2(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Figure 3 of 2019: accuracy by the step size at the start, for heights 0 to 5.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try Sensitivity(seeds: seeds.seeds ?? 1, isQuick: options.quick, on: device)
    }
  }
}

struct HeightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "height", abstract: "Figure 4 of 2019: step time by the height of the tower.")

  @OptionGroup var options: ExperimentOptions

  @Option(
    name: [.long, .customLong("seeds")],
    help: "How often every tower is timed; the median counts.")
  var rounds = 25

  func validate() throws {
    guard 1...10_000 ~= rounds else {
      throw ValidationError("--rounds \(rounds) is out of range: it must lie in 1...10000")
    }
  }

  func run() throws {
    try options.run { device in
      HeightTimes(rounds: rounds, isQuick: options.quick, on: device)
    }
  }
}

struct Table2022Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table2022", abstract: "The dense network's table of 2022: towers of all rules.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var seeds: SeedOptions

  func run() throws {
    try options.run { device in
      try PaperTable.table2022(
        seeds: seeds.seeds ?? (options.quick ? 1 : 3), isQuick: options.quick, on: device)
    }
  }
}
