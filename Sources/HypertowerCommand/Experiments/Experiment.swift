/// Something that is found out in pieces, each of which is kept as soon as it is done.
protocol Experiment {
  /// A piece.
  associatedtype Unit: ExperimentUnit
  /// What a piece results in.
  associatedtype Outcome: Codable

  /// What its files are called.
  var name: String { get }
  /// What outcomes depend on, besides the device and the program's version.
  var settings: [String: String] { get }
  /// The pieces, in the order in which they are done.
  var units: [Unit] { get }
  /// Whether outcomes are kept when all is done, with those of pieces that are no longer asked for, so that other
  /// pieces can be done later without these; default: false.
  var keepsJournal: Bool { get }

  /// Does a piece.
  ///
  /// - Parameters:
  ///   - outcomes: those of the pieces before, by their names.
  ///   - advance: is told of training steps as they are done.
  func run(
    _ unit: Unit, after outcomes: [String: Outcome], advance: (Int) throws -> Void
  ) throws -> Outcome

  /// What all outcomes come to.
  func report(_ outcomes: [String: Outcome]) -> ExperimentReport
}

extension Experiment {
  var keepsJournal: Bool { false }
}

/// A piece of an experiment.
protocol ExperimentUnit {
  /// Its name, which no other piece has.
  var id: String { get }
  /// How many training steps it takes.
  var steps: Int { get }
}

/// What an experiment has found, for people.
struct ExperimentReport {
  let title: String
  /// How the numbers came about, in Markdown.
  let description: String
  let tables: [MarkdownTable]
  let plots: [Plot]
  /// The numbers of the tables, for programs.
  let summary: [SummaryRow]
  /// What the reader should know about them, a line each.
  var remarks: [String] = []
}

/// A line of a table as numbers by name.
struct SummaryRow: Codable {
  let label: String
  let values: [String: Double]

  /// - Parameter values: those that are nil or not finite, for which JSON has no number, are left
  ///   out.
  init(_ label: String, _ values: [String: Double?]) {
    self.label = label
    self.values = values.compactMapValues { $0 }.filter { $0.value.isFinite }
  }
}
