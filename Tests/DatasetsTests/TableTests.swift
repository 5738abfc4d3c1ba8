import Hypertower
import Testing

@testable import Datasets

@Suite("Tables")
struct TableTests {
  /// What is read of a file with that text.
  private func read(
    _ text: String, _ options: TableOptions = TableOptions(target: "y"), split: Split = Split()
  ) throws -> SplitDataset {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array(text.utf8), to: folder + "/t.csv")
      do {
        return try SplitDataset.table(folder + "/t.csv", options, split: split)
      } catch let error as InputError {
        throw InputError(error.kind, error.message.replacing(folder + "/", with: ""))
      }
    }
  }

  private func close(_ left: [Float], _ right: [Float]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 }
  }

  private static let mixed = """
    size,colour,y
    1,red,no
    3,blue,yes
    5,red,no

    """

  @Test("Numbers are standardized, texts one-hot in the order of the texts, and texts are classes")
  func features() throws {
    let data = try read(Self.mixed)
    // Mean 3, and a deviation of √(8/3).
    let unit = Float(2 / (8.0 / 3).squareRoot())
    #expect(close(data.train.features(of: 0..<3), [-unit, 0, 1, 0, 1, 0, unit, 0, 1]))
    #expect(try data.train.labels() == [0, 1, 0])
    #expect(data.encoding.classNames == ["no", "yes"])
    #expect(data.sampleShape == [3] && data.notes.isEmpty)
    #expect(data.test == nil && data.validation == nil)
  }

  @Test("Few whole numbers are classes, other numbers values, and a line says so")
  func tasks() throws {
    let whole = "x,y\n1,7\n2,-1\n4,7\n"
    let classes = try read(whole)
    #expect(classes.encoding.classNames == ["-1", "7"])
    #expect(try classes.train.labels() == [1, 0, 1])
    #expect(
      classes.notes.map { $0.split(separator: "/").last! } == [
        "t.csv: target 'y' has 2 different whole numbers: they are taken for classes; --task regression "
          + "predicts a number"
      ])
    let values = try read(whole, TableOptions(target: "y", task: .regression))
    #expect(values.notes.isEmpty && values.encoding.classCount == nil)
    let scale = values.encoding.values[0]
    #expect(abs(scale.mean - 13.0 / 3) < 1e-12)
    #expect(
      close(values.train.targetRows(0..<3).map { Float(scale.inverse(Double($0))) }, [7, -1, 7]))
    let fractions = try read("x,y\n1,0.5\n2,1.5\n4,0.5\n")
    #expect(fractions.encoding.values.count == 1)
    #expect(fractions.notes[0].contains("has 2 different numbers, not all of them whole: a number"))
    #expect(
      try read("x,y\n1,0.5\n2,1.5\n4,0.5\n", TableOptions(target: "y", task: .classification))
        .encoding.classNames == ["0.5", "1.5"])
  }

  private static let missing = """
    size,colour,y
    1,red,no
    NA,red,yes
    9,?,no
    2,blue,
    5,red,yes

    """

  @Test("A missing value is named with its place, and with what to do")
  func missingValues() {
    let error = #expect(throws: InputError.self) { try read(Self.missing) }
    #expect(error?.kind == .badData)
    #expect(
      error?.message
        == "t.csv: line 3, column 'size': a value is missing; 3 of 5 rows have such cells, in the columns size, "
        + "colour, y: correct them, or give --missing mean (the column's mean or most frequent text stands for "
        + "them), median, zero, or drop (such rows are left out)")
  }

  @Test(
    "What stands for a missing value comes from the rows that are trained on",
    arguments: [
      (.mean, [1, 5, 9, 5], [1, 1, 1, 1]), (.median, [1, 5, 9, 5], [1, 1, 1, 1]),
      (.zero, [1, 0, 9, 5], [1, 1, 0, 1]), (.drop, [1, 5], [1, 1]),
    ] as [(TableOptions.Missing, [Double], [Float])])
  func filling(missing: TableOptions.Missing, sizes: [Double], reds: [Float]) throws {
    let data = try read(Self.missing, TableOptions(target: "y", missing: missing))
    let columns = try #require(data.encoding.table?.columns)
    guard case .number(let scale, _) = columns[0].content else {
      Issue.record("expected a number")
      return
    }
    let width = data.train.featureCount
    let features = data.train.features(of: 0..<data.train.count)
    let rows = stride(from: 0, to: features.count, by: width).map { features[$0..<$0 + width] }
    #expect(close(rows.map { Float(scale.inverse(Double($0.first!))) }, sizes.map { Float($0) }))
    // Red is the last of the texts; blue occurs in a row without a target alone.
    #expect(rows.map { $0.last! } == reds)
    #expect(data.notes.count == 1, "\(data.notes)")
  }

  @Test("Columns that tell nothing of other rows are left out, and said so")
  func uselessColumns() throws {
    let rows = (0..<40).map { "\($0 + 7),name\($0),,\($0 % 3),\($0 % 2)" }
    let text = (["id,name,empty,x,y"] + rows).joined(separator: "\n")
    let data = try read(text)
    #expect(data.encoding.table?.columns.map(\.name) == ["x"])
    let notes = data.notes.map { String($0.split(separator: "/").last!) }
    #expect(
      notes.prefix(3) == [
        "t.csv: column 'id' is left out: it numbers the rows",
        "t.csv: column 'name' is left out: it has 40 different texts in 40 rows",
        "t.csv: column 'empty' is left out: it has no values",
      ])
    let other = try read(
      text, TableOptions(target: "y", ignored: ["id", "empty"], categories: ["x", "name"]))
    #expect(other.encoding.table?.featureCount == 43)
  }

  @Test("Numbers may have decimal commas where commas do not separate cells")
  func decimalCommas() throws {
    let data = try read("x;y\n1,5;a\n2,5;b\n")
    #expect(close(data.train.features(of: 0..<2), [-1, 1]))
  }

  @Test("A column of numbers with a few words is one of numbers")
  func oddCells() throws {
    let text =
      "x,y\n" + (0..<20).map { "\($0 == 4 ? "unknown" : "\($0 * $0)"),\($0 % 2)\n" }.joined()
    let error = #expect(throws: InputError.self) { try read(text) }
    #expect(
      error?.message.hasPrefix(
        "t.csv: line 6, column 'x': 'unknown' is not a number, as others of the column are; 1 of 20 rows have "
          + "such cells, in the column x: correct them, or give --missing mean") == true)
    let data = try read(text, TableOptions(target: "y", missing: .mean))
    #expect(data.train.count == 20 && data.notes.count == 2)
  }

  @Test("What is held back does not count for standardization and texts")
  func heldBack() throws {
    let text = "x,c,y\n" + (0..<40).map { "\($0 * $0),c\($0 / 2 % 10),\($0 % 2)\n" }.joined()
    let options = TableOptions(target: "y", ignored: [])
    let split = Split(validation: 0.25, test: 0.25, seed: 3)
    let data = try read(text, options, split: split)
    #expect(data.train.count == 20 && data.validation?.count == 10 && data.test?.count == 10)
    for part in [data.train, data.validation!, data.test!] {
      let labels = try #require(try part.labels())
      #expect(labels.count { $0 == 0 } == part.count / 2)
    }
    let width = data.train.featureCount
    let features = data.train.features(of: 0..<20)
    func column(_ number: Int) -> [Float] {
      stride(from: number, to: 20 * width, by: width).map { features[$0] }
    }
    // Of all rows, mean and deviation would be others.
    #expect(abs(column(0).reduce(0, +)) < 1e-4)
    #expect(abs(column(0).map { $0 * $0 }.reduce(0, +) - 20) < 1e-4)
    for number in 1..<width { #expect(column(number).contains(1)) }
  }

  @Test(
    "What cannot be is refused with the remedy",
    arguments: [
      (
        "x,y\n1,2\n", nil, .usage,
        "which column is predicted? Name it by --target. The columns are x, y"
      ),
      (
        "\"x, y\",z\n1,2\n,3\n", nil, .usage,
        "which column is predicted? Name it by --target. The columns are 'x, y', z. Values are missing, too: "
          + "1 of 2 rows have such cells, in the column x, y: correct them, or give --missing mean (the column's "
          + "mean or most frequent text stands for them), median, zero, or drop (such rows are left out)"
      ),
      (
        "x,churn\n1,2\n", "chrun", .usage,
        "there is no column 'chrun' for --target; did you mean 'churn'? The columns are x, churn"
      ),
      (
        "1,2\n3,4\n", "y", .badData,
        "line 1 has only numbers, expected the names of the columns: put names there, or give --no-header, which "
          + "calls them column1, column2, …"
      ),
      ("x,x\n3,4\n", "x", .badData, "columns 1 and 2 are both called 'x': rename one"),
      (
        "x,y\n", "y", .badData,
        "has no rows after the names of the columns: give a file with some, or --no-header if the first row has none"
      ),
      (
        "x,y\n1,a\n2,a\n", "y", .badData,
        "target 'y' is 'a' in every row: there is nothing to learn; name another --target"
      ),
      (
        "x,y\n1,3\n2,3\n", "y", .badData,
        "target 'y' is 3 in every row: there is nothing to learn; name another --target"
      ),
      (
        "x,y\n1,\n2,\n", "y", .badData, "target 'y' has no values: name another --target"
      ),
      (
        "x,y\n,1\n,2\n", "y", .badData,
        "no column is left to predict 'y' from: give a table with others; a column of many texts is used if "
          + "--categories names it"
      ),
    ] as [(String, String?, InputError.Kind, String)])
  func faults(text: String, target: String?, kind: InputError.Kind, message: String) {
    let error = #expect(throws: InputError.self) { try read(text, TableOptions(target: target)) }
    #expect(error?.kind == kind)
    #expect(error?.message == "t.csv: " + message)
  }

  @Test("Texts that are to be numbers, and too many classes, are refused")
  func wrongTasks() {
    let text = #expect(throws: InputError.self) {
      try read("x,y\n1,2\n2,a\n", TableOptions(target: "y", task: .regression))
    }
    #expect(
      text?.message
        == "t.csv: line 3, column 'y': 'a' is not a number, which --task regression needs: correct it, or give "
        + "--task classification")
    let rows = (0..<50).map { "1.5,n\($0)\n" }.joined()
    let many = #expect(throws: InputError.self) { try read("x,y\n" + rows) }
    #expect(
      many?.message
        == "t.csv: target 'y' has 50 different values in 50 rows, too many for classes: name another --target, or, "
        + "for numbers, give --task regression")
  }
}

extension Dataset {
  /// The targets of some samples.
  fileprivate func targetRows(_ samples: Range<Int>) -> [Float] {
    (try? targetRows.floats(of: samples)) ?? []
  }
}
