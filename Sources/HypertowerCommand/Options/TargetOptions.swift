import ArgumentParser
import Datasets
import Hypertower

/// What is predicted, and how the rows of a table are to be understood.
struct TargetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The column of a table to predict: of texts or few whole numbers a class, of other numbers a value; of samples \
      in an NPY file the NPY file of what is to be predicted; in an NPZ file its name there.
      """,
      valueName: "name"))
  var target: String?

  @Option(
    help: ArgumentHelp(
      "What is predicted of a target of numbers; default: what its values suggest.",
      valueName: "classification|regression"),
    completion: .list(TableOptions.Task.allCases.map(\.rawValue)), transform: { try choice($0) })
  var task: TableOptions.Task?

  @Option(
    help: ArgumentHelp(
      "What separates a table's cells: one character, or tab; default: what the first line suggests.",
      valueName: "character"),
    transform: { try delimiter($0) })
  var delimiter: String?

  @Flag(help: "The first row of a table has no names: its columns are called column1, column2, ….")
  var noHeader = false

  @Option(
    help: ArgumentHelp(
      "What becomes of a table's missing values (empty, NA, NaN, null, ?); default: they are errors.",
      discussion: """
        With mean, the column's mean stands for a number, the most frequent text for a text; with median, the median; \
        with zero, 0, and none of the texts; with drop, such rows are left out. All are taken from the rows that are \
        trained on. Rows without a target are left out with each of them.
        """,
      valueName: "mean|median|zero|drop"),
    completion: .list(TableOptions.Missing.allCases.map(\.rawValue)), transform: { try choice($0) })
  var missing: TableOptions.Missing?

  @Option(
    name: .customLong("ignore"),
    help: ArgumentHelp(
      "Columns of a table that are left out; may be repeated.", valueName: "names"),
    transform: { names($0) })
  var ignored: [[String]] = []

  @Option(
    help: ArgumentHelp(
      "Columns of a table that are categories though they hold numbers; may be repeated.",
      valueName: "names"),
    transform: { names($0) })
  var categories: [[String]] = []

  /// The options that were given, in their order.
  var given: [String] { table.given }

  var table: TableOptions {
    TableOptions(
      target: target, task: task, delimiter: delimiter, missing: missing, hasNames: !noHeader,
      ignored: ignored.flatMap(\.self), categories: categories.flatMap(\.self))
  }

  static func delimiter(_ text: String) throws -> String {
    let text = text == "tab" || text == "\\t" ? "\t" : text
    guard text.utf8.count == 1, let byte = text.utf8.first, byte != UInt8(ascii: "\""),
      byte == UInt8(ascii: "\t") || 0x20..<0x7F ~= byte
    else {
      throw ValidationError(
        "--delimiter '\(text)' is not one ASCII character that separates cells: give , ; | tab or such"
      )
    }
    return text
  }
}

/// The names in a list that commas separate.
private func names(_ text: String) -> [String] {
  text.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
}

extension TableOptions {
  /// The options that differ from the defaults.
  var given: [String] {
    [
      ("--target", target != nil), ("--task", task != nil), ("--delimiter", delimiter != nil),
      ("--no-header", !hasNames), ("--missing", missing != nil), ("--ignore", !ignored.isEmpty),
      ("--categories", !categories.isEmpty),
    ].filter(\.1).map(\.0)
  }
}
