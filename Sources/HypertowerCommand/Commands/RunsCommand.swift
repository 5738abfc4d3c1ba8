import ArgumentParser
import Hypertower

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Lists the runs whose files are in a folder.",
    discussion: """
      It looks into the folders below, too, for what `train` writes: logs, checkpoints and settings files. Files of one \
      run share a row. What is damaged is named on standard error.
      The columns: epochs and steps that are done; the loss of the last step and the least of all, from the log; how \
      good the network was at the end and, by its checkpoints, at best; and whether the run is finished.
      """)

  @Argument(help: ArgumentHelp("The folder.", valueName: "folder"), completion: .directory)
  var folder = "."

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let catalogue = try RunCatalogue(of: folder)
    for fault in catalogue.faults where !json { Console.warn(fault) }
    if json { return try Console.print(jsonText(catalogue)) }
    guard !catalogue.runs.isEmpty else {
      return try Console.print("no files of runs in \(folder)")
    }
    let header = [
      "run", "model", "tower", "epochs", "steps", "loss", "least", "result", "best", "time",
      "state",
    ]
    for line in table([header] + catalogue.runs.map(row)) { try Console.print(line) }
  }

  private func row(_ run: RunSummary) -> [String] {
    func loss(_ value: Double?) -> String { value.map { formatted("%.4f", $0) } ?? "" }
    let best = run.best.map { best in
      "\(Self.text(best.key, best.value)) (step \(best.step))"
    }
    return [
      name(run), run.model ?? "", run.tower.map(Self.shortened) ?? "",
      run.epochs.map { formatted("%.4g", $0) } ?? "", run.steps.map { "\($0)" } ?? "",
      loss(run.lastLoss), loss(run.leastLoss),
      run.headline.map { Self.text($0.key, $0.value) } ?? "", best ?? "",
      run.seconds.map { formatted("%.1f s", $0) } ?? "", run.state?.rawValue ?? "–",
    ]
  }

  /// The first path of the run, from the folder on.
  private func name(_ run: RunSummary) -> String {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let name =
      run.paths[0].hasPrefix(prefix) ? run.paths[0].dropFirst(prefix.count) : run.paths[0][...]
    // A terminal would obey control characters.
    return name.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : "\($0)" }
      .joined()
  }

  /// So many characters of a tower's notation fit into a row.
  private static let towerWidth = 40

  private static func shortened(_ tower: String) -> String {
    tower.count <= towerWidth ? tower : tower.prefix(towerWidth - 1) + "…"
  }

  /// A measurement as people write it: `test accuracy 94.37 %`.
  private static func text(_ key: String, _ value: Double) -> String {
    let isShare = key.hasSuffix("_percent")
    let name = (isShare ? String(key.dropLast("_percent".count)) : key).replacing("_", with: " ")
    return "\(name) " + (isShare ? formatted("%.2f %%", value) : formatted("%.4f", value))
  }

  private func jsonText(_ catalogue: RunCatalogue) -> String {
    func number(_ value: Double?) -> JSONText { value.map(JSONText.number) ?? .null }
    func integer(_ value: Int?) -> JSONText { value.map(JSONText.integer) ?? .null }
    func string(_ value: String?) -> JSONText { value.map(JSONText.string) ?? .null }
    let runs = catalogue.runs.map { run in
      JSONText.object([
        ("files", .array(run.paths.map(JSONText.string))), ("model", string(run.model)),
        ("tower", string(run.tower)), ("epochs", number(run.epochs)),
        ("steps", integer(run.steps)), ("planned_steps", integer(run.plannedSteps)),
        ("last_loss", number(run.lastLoss)), ("least_loss", number(run.leastLoss)),
        ("result", .object(run.result.map { ($0.key, .number($0.value)) })),
        (
          "best",
          run.best.map {
            .object([($0.key, .number($0.value)), ("step", .integer($0.step))])
          } ?? .null
        ),
        ("seconds", number(run.seconds)), ("state", string(run.state?.rawValue)),
      ])
    }
    return JSONText.object([
      ("runs", .array(runs)), ("faults", .array(catalogue.faults.map(JSONText.string))),
    ]).text
  }
}
