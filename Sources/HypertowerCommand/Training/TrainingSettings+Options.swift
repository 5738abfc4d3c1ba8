import Datasets
import Hypertower

/// The settings as options.
extension TrainingSettings {
  /// Everything that the results depend on except the device, as options of `train`.
  ///
  /// - Parameter choice: the model with its sizes.
  func options(choice: ModelChoice) -> [SettingsOption] {
    let sizes = SizeOption.allCases.compactMap { option in
      choice.sizes[option].map { SettingsOption(option.rawValue, .numbers($0)) }
    }
    let first: [SettingsOption?] =
      [.init("model", choice.kind.rawValue)] + sizes + [
        .init("optimizer", optimizer),
        firstStep.map { .init("first-step", $0) } ?? .init("first-step", "none"),
        .init("average", average ?? "none"), .init("data", data), .init("text", text),
        .init("classes", classes), .init("scale", scale),
      ]
    let last: [SettingsOption?] = [
      .init("class-weights", classWeights), .init("augment", augment),
      .init("validation", validation), .init("test", test), .init("split-seed", splitSeed),
      .init(
        "image-size",
        images?.width.flatMap { width in images?.height.map { "\(width)x\($0)" } }),
      .init("image-channels", images?.channels), .init("batch-size", batchSize),
      .init("shards", shards),
      shards.map { _ in .init("sync-batchnorm", .flag(synchronizesBatchNorm ?? false)) },
      .init("no-shuffle", .flag(!isShuffled)), .init("seed", seed), .init("init", initialWeights),
      .init("steps", steps), .init("early-stopping", patience),
      .init("evaluate-every", patience == nil ? nil : evaluationInterval),
    ]
    return (first + tableOptions + last).compactMap { $0 }
  }

  private var tableOptions: [SettingsOption?] {
    guard let table else { return [] }
    return [
      .init("target", table.target), .init("task", table.task?.rawValue),
      .init("delimiter", table.delimiter == "\t" ? "tab" : table.delimiter),
      table.hasNames ? nil : .init("no-header", .flag(true)),
      .init("missing", table.missing?.rawValue),
      table.ignored.isEmpty ? nil : .init("ignore", .texts(table.ignored)),
      table.categories.isEmpty ? nil : .init("categories", .texts(table.categories)),
    ]
  }

  /// The settings as a person reads them.
  ///
  /// - Parameter choice: the model with its sizes.
  func rows(choice: ModelChoice) -> [(name: String, value: String)] {
    let rows = options(choice: choice).compactMap { option in
      option.argument.map { (name: "--\(option.name)", value: $0) }
    }.filter { !["--first-step", "--average"].contains($0.name) || $0.value != "none" }
    guard data == nil && text == nil else { return rows }
    let place = rows.firstIndex { $0.name == "--optimizer" }! + 1
    return rows[..<place] + [("--data", "MNIST, embedded")] + rows[place...]
  }
}
