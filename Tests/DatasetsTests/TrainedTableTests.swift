import Hypertower
import Testing

@testable import Datasets

@Suite("Tables as a network was trained on them")
struct TrainedTableTests {
  private static let training = "a,c,y\n1,u,no\n3,v,yes\n5,u,no\n"

  /// The encoding that a table has taught.
  private func encoding(
    _ text: String = training, _ options: TableOptions = TableOptions(target: "y")
  ) throws -> SampleEncoding {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array(text.utf8), to: folder + "/t.csv")
      return try SplitDataset.table(folder + "/t.csv", options).encoding
    }
  }

  private func read(_ text: String, as encoding: SampleEncoding) throws -> SplitDataset {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array(text.utf8), to: folder + "/t.csv")
      do {
        return try SplitDataset.table(folder + "/t.csv", as: encoding)
      } catch let error as InputError {
        throw InputError(error.kind, error.message.replacing(folder + "/", with: ""))
      }
    }
  }

  private func unlabelled(
    _ text: String, as encoding: SampleEncoding
  ) throws -> (samples: UnlabelledSamples, notes: [String]) {
    try UnlabelledSamples.table(
      StoredArray(Array(text.utf8)), as: encoding.table!, delimiter: nil, name: "t.csv")
  }

  @Test("Columns are found by their names, and others are ignored")
  func otherOrder() throws {
    let encoding = try encoding()
    let data = try read("more,y,c,a\n0,yes,v,3\n0,no,u,7\n", as: encoding)
    #expect(try data.test?.labels() == [1, 0])
    let step = Float(4 / (8.0 / 3).squareRoot())
    #expect(data.test?.features(of: 0..<2) == [0, 0, 1, step, 1, 0])
    let own = try unlabelled("c;a\nv;3\n", as: encoding)
    #expect(
      own.samples.count == 1 && own.samples.features.elements == [0, 0, 1] && own.notes.isEmpty)
  }

  @Test("Rows without a target are left out, and a line says so")
  func withoutTarget() throws {
    let encoding = try encoding(Self.training, TableOptions(target: "y", missing: .mean))
    let data = try read("a,c,y\n1,u,\n,v,yes\n", as: encoding)
    #expect(data.test?.count == 1)
    #expect(
      data.notes.count == 1
        && data.notes[0].hasSuffix("/t.csv: 1 of 2 rows are left out, which miss the target"))
  }

  @Test("A text that training had not counts as none, and a line says so")
  func unknownText() throws {
    let own = try unlabelled("a,c\n3,w\n3,w\n", as: encoding())
    #expect(own.samples.features.elements == [0, 0, 0, 0, 0, 0])
    #expect(
      own.notes == [
        "t.csv: line 2, column 'c': 'w' is not in the training data: it counts as none of the column's 2 texts, as "
          + "does one further cell of the column"
      ])
  }

  @Test("A cell that is no number is told of before it is filled")
  func noNumber() throws {
    let encoding = try encoding(Self.training, TableOptions(target: "y", missing: .mean))
    let mean: [Float] = [0, 1, 0]
    let own = try unlabelled("a,c\nx,u\n\"3,0\",u\n,u\nx,u\n", as: encoding)
    #expect(own.samples.features.elements == mean + mean + mean + mean)
    #expect(
      own.notes == [
        "t.csv: line 2, column 'a': 'x' is not a number and counts as missing, as do 2 further cells of the column"
      ])
    let measured = try read("a,c,y\nx,u,no\n1,v,yes\n", as: encoding)
    try #require(measured.notes.count == 1)
    #expect(
      measured.notes[0].hasSuffix(
        "/t.csv: line 2, column 'a': 'x' is not a number and counts as missing"))
  }

  @Test(
    "Columns without names are known by their places, of which none may be missing before others")
  func places() throws {
    let options = TableOptions(target: "column1", hasNames: false, ignored: ["column4"])
    let encoding = try encoding("no,1,2,9\nyes,3,5,9\nno,5,7,8\n", options)
    #expect(try unlabelled(",3,5,9\n", as: encoding).samples.count == 1)
    // Taken for columns 1 to 3, these would be other features.
    let error = #expect(throws: InputError.self) { try unlabelled("3,5,9\n", as: encoding) }
    #expect(error?.message.hasPrefix("t.csv: has 3 columns, expected 4 as in training") == true)
    let last = try self.encoding(
      "1,2,no\n3,5,yes\n5,7,no\n", TableOptions(target: "column3", hasNames: false))
    #expect(try unlabelled("3,5\n", as: last).samples.count == 1)
    #expect(throws: InputError.self) { try unlabelled("3,5,no,1\n", as: last) }
  }

  @Test("Missing values are filled as in training, or are errors")
  func missing() throws {
    let error = #expect(throws: InputError.self) {
      try unlabelled("a,c\n3,u\n,v\n", as: encoding())
    }
    #expect(
      error?.message
        == "t.csv: line 3, column 'a': a value is missing, and the network was trained on a table that misses none: "
        + "fill it in, or train with --missing mean")
    let filling = try encoding(Self.training, TableOptions(target: "y", missing: .mean))
    #expect(try unlabelled("a,c\n,\n", as: filling).samples.features.elements == [0, 1, 0])
    let dropping = try encoding(Self.training, TableOptions(target: "y", missing: .drop))
    #expect(try read("a,c,y\n,u,no\n3,v,no\n", as: dropping).test?.count == 1)
    #expect(throws: InputError.self) { try unlabelled("a,c\n,u\n", as: dropping) }
  }

  @Test(
    "What does not fit is named",
    arguments: [
      (
        "a,y\n1,no\n",
        "t.csv: there is no column 'c', from which the network predicts. The columns are a, y"
      ),
      (
        "a,c\n1,u\n",
        "t.csv: there is no column 'y', which the network predicts and is measured by: give a table with it, or "
          + "use `hypertower predict`. The columns are a, c"
      ),
      (
        "a,c,y\n1,u,maybe\n",
        "t.csv: line 2, column 'y': 'maybe' is no class that the network knows, which are no, yes: correct it, or "
          + "remove the row"
      ),
      (
        "a,c,y\nx,u,no\n",
        "t.csv: line 2, column 'a': 'x' is not a number, and the network was trained on a table that misses none: "
          + "fill it in, or train with --missing mean"
      ),
      (
        "a,c,y\n1,u,\n",
        "t.csv: line 2, column 'y': a value is missing, by which the network is measured: fill it in, or remove the "
          + "row"
      ),
    ] as [(String, String)])
  func faults(text: String, message: String) throws {
    let encoding = try encoding()
    let error = #expect(throws: InputError.self) { try read(text, as: encoding) }
    #expect(error?.message == message)
  }
}
