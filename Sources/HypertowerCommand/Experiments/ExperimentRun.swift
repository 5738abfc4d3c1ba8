import FoundationEssentials
import Glibc
import Hypertower

/// Does an experiment's pieces, as many as are not done yet, and writes what they come to.
struct ExperimentRun<Subject: Experiment> {
  let experiment: Subject
  let device: Device
  /// Where results go; it must be there.
  let folder: String
  /// Whether the experiment is a small part of itself, which results say.
  var isQuick = false
  /// Whether what an interruption has left is dropped.
  let restarts: Bool
  let isQuiet: Bool

  /// All that is known about an experiment: the file `NAME.json`.
  private struct Record: Encodable {
    let experiment: String
    let settings: [String: String]
    let device: String
    let driver: String?
    let schedules: String?
    let fuses: Bool
    let isQuick: Bool
    let version: String
    let started: String
    let seconds: Double
    let outcomes: [String: Subject.Outcome]
    let summary: [SummaryRow]
  }

  func run() throws {
    try checkPlace()
    let units = experiment.units
    let journal = try ExperimentJournal<Subject.Outcome>(
      path: path(journalSuffix),
      header: .init(
        experiment: experiment.name, settings: experiment.settings, device: device.description,
        driver: device.driver, schedules: device.tuning, fuses: device.fuses, version: Version.text,
        started: Date().formatted(.iso8601)),
      units: units, keepsOthers: experiment.keepsJournal, restarts: restarts)
    let rest = units.filter { journal.outcomes[$0.id] == nil }
    if rest.count < units.count {
      Console.warn(
        "going on with \(journal.path): \(units.count - rest.count) of \(units.count) runs are done"
      )
    }
    try run(rest, of: units, journal)
    let report = experiment.report(journal.outcomes)
    let drawn = try write(report, journal)
    if !experiment.keepsJournal { journal.remove() }
    try show(report, drawn)
  }

  private func run(
    _ rest: [Subject.Unit], of units: [Subject.Unit],
    _ journal: ExperimentJournal<Subject.Outcome>
  ) throws {
    let display = ExperimentProgress(
      units: units.count, steps: units.map(\.steps).reduce(0, +),
      stepsDone: (units.map(\.steps).reduce(0, +)) - rest.map(\.steps).reduce(0, +),
      isQuiet: isQuiet)
    defer { display.finish() }
    for (number, unit) in rest.enumerated() {
      display.begin(unit, number: units.count - rest.count + number + 1)
      let start = ContinuousClock.now
      let outcome = try experiment.run(unit, after: journal.outcomes) { steps in
        display.advance(by: steps)
        if let signal = Interruption.signal {
          throw Failure(
            .init(signal: signal),
            "interrupted; \(journal.outcomes.count) of \(units.count) runs are kept in "
              + "\(journal.path): the same command goes on with them")
        }
      }
      try journal.keep(
        outcome, of: unit.id, seconds: (ContinuousClock.now - start).seconds)
      display.end(unit)
    }
  }

  // MARK: Files

  /// Lets only results of the same experiment be replaced, and warns of that.
  private func checkPlace() throws {
    let option = "--out"
    let description = "earlier results"
    for suffix in ["json", "md", journalSuffix] {
      try ExistingFile.checkIsWritable(path(suffix), option: option)
    }
    let results = try ExistingFile.check(path("json"), description, option: option) { bytes in
      // Results are pretty-printed, with their keys in alphabetical order.
      String(decoding: bytes.prefix(4096), as: UTF8.self).split(separator: "\n").contains {
        $0 == "  \"experiment\" : \"\(experiment.name)\","
      }
    }
    // Results that an interruption has cut short belong to the journal.
    let isJournal = try ExperimentJournal<Subject.Outcome>.isThere(path(journalSuffix))
    if results == nil && !isJournal {
      _ = try ExistingFile.check(path("md"), description, option: option) { _ in false }
    }
    let plot = try Plot.checkPlace(experiment.name, in: folder, option: option)
    for warning in [results, plot].compactMap({ $0 }) { Console.warn(warning) }
  }

  /// - Returns: the plots that were drawn.
  private func write(
    _ report: ExperimentReport, _ journal: ExperimentJournal<Subject.Outcome>
  ) throws -> [Plot] {
    let header = journal.header
    let record = Record(
      experiment: header.experiment, settings: header.settings, device: header.device,
      driver: header.driver, schedules: header.schedules, fuses: header.fuses, isQuick: isQuick,
      version: header.version,
      started: header.started,
      seconds: journal.seconds, outcomes: journal.outcomes, summary: report.summary)
    try AtomicFile.write(
      try ExperimentJSON.bytes(of: record, isPretty: true), to: path("json"))
    for plot in report.plots { try plot.write(to: folder) }
    let drawn = Gnuplot.draw(report.plots, in: folder)
    try AtomicFile.write(Array(markdown(report, drawn, journal).utf8), to: path("md"))
    return drawn
  }

  private var journalSuffix: String { experiment.keepsJournal ? "runs.jsonl" : "partial.jsonl" }

  private func path(_ suffix: String) -> String { "\(folder)/\(experiment.name).\(suffix)" }

  private func markdown(
    _ report: ExperimentReport, _ drawn: [Plot], _ journal: ExperimentJournal<Subject.Outcome>
  ) -> String {
    let header = journal.header
    let settings = header.settings.sorted { $0.key < $1.key }.map { "\($0) \($1)" }
    var blocks = ["# \(report.title)"]
    if isQuick { blocks.append("**A quick run of a few steps: these numbers mean nothing.**") }
    blocks.append(report.description)
    blocks += report.tables.map { $0.lines.joined(separator: "\n") }
    blocks +=
      report.remarks.isEmpty ? [] : [report.remarks.map { "- \($0)" }.joined(separator: "\n")]
    blocks += drawn.map { "![\($0.title)](\($0.name).svg)" }
    blocks.append(
      "`hypertower experiment \(experiment.name)`, version \(header.version), begun "
        + "\(header.started), \(formatted("%.1f", journal.seconds)) s on \(header.device)"
        + (settings.isEmpty ? "." : "; \(settings.joined(separator: ", "))."))
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private func show(_ report: ExperimentReport, _ drawn: [Plot]) throws {
    if isQuick { try Console.print("A quick run of a few steps: these numbers mean nothing.\n") }
    for table in report.tables { try Console.print((table.lines + [""]).joined(separator: "\n")) }
    for remark in report.remarks { try Console.print(remark) }
    let plots = drawn.flatMap { ["\($0.name).svg", "\($0.name).png"] }
    try Console.print(
      "in \(folder): "
        + (["\(experiment.name).md", "\(experiment.name).json"] + plots).joined(separator: ", "))
  }
}
