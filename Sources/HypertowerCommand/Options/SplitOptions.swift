import ArgumentParser
import Datasets

/// Which shares of the data are held back, for commands that measure on them.
struct SplitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The share of the data that is held back to measure on while training, such as 0.1, with the same share of each \
      class. Default: none.
      """,
      valueName: "share"))
  var validation: Double?

  @Option(
    help: ArgumentHelp(
      "The share of the data that is held back to test on, where there are no test files. Default: none.",
      valueName: "share"))
  var test: Double?

  @Option(
    name: .customLong("split-seed"),
    help: ArgumentHelp(
      "What decides which samples are held back, whatever --seed is; default: 0.",
      valueName: "number"))
  var seed: UInt64?

  /// The options that were given, in their order.
  var given: [String] {
    [
      ("--validation", validation != nil), ("--test", test != nil), ("--split-seed", seed != nil),
    ].filter(\.1).map(\.0)
  }

  var split: Split { Split(validation: validation, test: test, seed: seed ?? 0) }

  func validate() throws {
    for (option, share) in [("--validation", validation), ("--test", test)] {
      if let share, !Split.isShare(share) {
        throw ValidationError(
          "\(option) \(share) is out of range: it must be greater than 0 and less than 1")
      }
    }
    if let validation, let test, validation + test >= 1 {
      throw ValidationError(
        "--validation \(validation) and --test \(test) leave nothing to train on: their sum must be less than 1"
      )
    }
    if seed != nil && validation == nil && test == nil {
      throw ValidationError("--split-seed holds nothing back: give --validation or --test")
    }
  }
}
