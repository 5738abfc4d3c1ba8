import FoundationEssentials
import Hypertower
import Testing

/// Which columns of tables count, and what they mean.
@Suite("Columns of tables")
struct TableColumnsTests {
  private func run(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(words(of: arguments, in: folder))
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// 40 rows, of which a fifth are of class `yes`, with texts and an identifier.
  private static let table: String = {
    let rows = (0..<40).map { row in
      "id\(row),\(row % 6),\(row % 3 == 0 ? "red" : "blue"),\(row % 5 == 2 ? "yes" : "no")\n"
    }
    return "id,size,colour,churn\n" + rows.joined()
  }()

  private static let train = "train --device cpu --hidden 4 --quiet --data @/t.csv --target churn"

  @Test("Weights start a run only of data with their columns and classes")
  func starts() throws {
    try withTemporaryFolder { folder in
      try write(Self.table, folder + "/t.csv")
      let common = "\(Self.train) --missing mean --steps 2"
      #expect(try run(folder, "\(common) --save @/w").status == 0)
      #expect(try run(folder, "\(common) --validation 0.3 --init @/w").status == 0)
      for (old, new, message) in [
        (
          "size,colour", "colour,size",
          "column 1 of its table is 'size', numbers, it is 'colour', numbers here"
        ),
        ("red", "sea", "one of blue, red, it is 'colour', one of blue, sea here"),
        (",yes", ",may be", "its classes are no, yes, they are may be, no here"),
      ] {
        try write(Self.table.replacing(old, with: new), folder + "/t.csv")
        let other = try run(folder, "\(common) --init @/w")
        #expect(other.status == 65 && other.errors.contains(message), "\(other.errors)")
      }
    }
  }

  @Test("Lists of columns may be repeated, with spaces")
  func lists() throws {
    try withTemporaryFolder { folder in
      try write(Self.table, folder + "/t.csv")
      for (lists, settings) in [
        ("--ignore id --ignore colour", "ignore = [\"id\", \"colour\"]"),
        ("--ignore colour,~id~,", "ignore = [\"colour\", \"id\"]"),
        ("--categories size --categories id", "categories = [\"size\", \"id\"]"),
      ] {
        let own = try run(folder, "\(Self.train) --missing zero --steps 1 \(lists) --save @/w")
        #expect(own.status == 0, "\(own.errors)")
        let written = try text(folder + "/w.toml")
        #expect(written.contains(settings), "\(written)")
      }
    }
  }

  @Test("An empty line of a table of one column is a row")
  func emptyLines() throws {
    try withTemporaryFolder { folder in
      try write("x,kind\n" + (0..<20).map { "\($0),\($0 % 2)\n" }.joined(), folder + "/t.csv")
      let trained = try run(
        folder,
        "train --device cpu --quiet --data @/t.csv --target kind --missing mean --steps 1 --save @/w"
      )
      #expect(trained.status == 0, "\(trained.errors)")
      try write("x\n1.0\n\n2.0\n\n", folder + "/new.csv")
      let predicted = try run(folder, "predict --device cpu --weights @/w @/new.csv")
      #expect(predicted.outputLines.count == 4, "\(predicted.errors)")
    }
  }
}
