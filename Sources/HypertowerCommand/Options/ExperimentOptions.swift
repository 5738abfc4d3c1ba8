import ArgumentParser
import Hypertower

/// What all experiments are told.
struct ExperimentOptions: ParsableArguments {
  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions

  @Option(
    help: ArgumentHelp(
      "The folder for results and plots; created if it does not exist.", valueName: "folder"),
    completion: .directory)
  var out = "experiments"

  @Flag(
    help:
      "Do much less, to see whether all works; results go into the subfolder 'quick' of --out."
  )
  var quick = false

  @Flag(help: "Drop what an interrupted experiment left instead of going on with it.")
  var restart = false

  @Flag(help: "Show no progress.")
  var quiet = false

  func validate() throws {
    guard !out.isEmpty else { throw ValidationError("--out is empty: name a folder") }
  }

  /// Runs the experiment that `make` returns for the device.
  func run<Subject: Experiment>(_ make: (Device) throws -> Subject) throws {
    Interruption.watch()
    let device = try device.device()
    let experiment = try make(device)
    // Numbers that mean nothing do not replace others.
    let path = quick ? "\(out)/quick" : out
    let folder = try OutputFolder(path, for: "results")
    try ExperimentRun(
      experiment: experiment, device: device, folder: folder.path, isQuick: quick,
      restarts: restart, isQuiet: quiet
    ).run()
  }
}

/// Over how many seeds an experiment goes.
struct SeedOptions: ParsableArguments {
  @Option(help: "The number of seeds; the mean counts. Default: \(defaults).")
  var seeds: Int?

  private static let defaults = "3 for table2022, decades and compare, else 1"

  func validate() throws {
    guard seeds.map({ 1...1000 ~= $0 }) ?? true else {
      throw ValidationError("--seeds \(seeds!) is out of range: it must lie in 1...1000")
    }
  }
}
