import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Comparisons of towers")
struct ComparisonTests {
  @Test("Towers are compared on any data; what is trained is what `train` trains")
  func compare() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = ["--device", "cpu", "--data", folder + "/data", "--batch-size", "16"]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "sgd(0.5)", "--optimizer", "adam(0.01) / adam()",
          "--optimizer", "adam(1e38)", "--optimizer", "sgd_per_parameter(0.1) / adam()", "--out",
          folder + "/a/b", "--seeds", "2", "--epochs", "3",
        ] + common, environment: ["PATH": "/nowhere"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("gnuplot is not installed"))
      #expect(run.errors.contains("apt-get install gnuplot-nox"))
      #expect(run.outputLines.last == "in \(folder)/a/b: compare.md, compare.json")
      for name in ["compare.json", "compare.md", "compare.tsv", "compare.gnuplot"] {
        #expect(FileManager.default.fileExists(atPath: "\(folder)/a/b/\(name)"), "\(name)")
      }
      let json = try timelessResults(folder + "/a/b/compare.json")
      let outcomes = try #require(json["outcomes"]?.object)
      #expect(outcomes.count == 8)
      let perTensor = try #require(outcomes["sgd_per_parameter(0.1) / adam(0.001), seed 0"])
      #expect(
        perTensor["bottom_hyperparameters"]?.object?.keys.sorted() == [
          "b1_alpha", "b2_alpha", "w1_alpha", "w2_alpha",
        ])
      #expect(try #require(perTensor["bottom_hyperparameters"]?["w1_alpha"]?.double) != 0.1)
      let diverged = try #require(outcomes.first { $0.key.hasPrefix("adam(1e") }?.value)
      #expect(diverged["failure"]?.string?.contains("step 1") == true)
      #expect(diverged["test_accuracy_percent"] == nil)
      #expect(run.output.contains("diverged"))

      for tower in ["sgd(0.5)", "adam(0.01) / adam(0.001)"] {
        let train = try CommandRun(
          [
            "train", "--optimizer", tower, "--epochs", "3", "--seed", "1", "--log",
            folder + "/log", "--quiet",
          ] + common)
        #expect(train.status == 0, "\(train.errors)")
        let log = try Data(contentsOf: URL(filePath: folder + "/log"))
          .split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0, name: "log") }
        let outcome = try #require(outcomes["\(tower), seed 1"])
        let accuracy = try #require(outcome["test_accuracy_percent"]?.double)
        #expect(accuracy == log.last?["test_accuracy_percent"]?.double)
        #expect(outcome["tower"] == log.last?["tower"])
        let losses = try #require(outcome["curve"]?["losses"]?.array).map(\.double)
        #expect(losses == log.dropLast().map { $0["loss"]?.double })
      }
    }
  }

  @Test("Towers are compared on tables as `train` reads them", arguments: ["kind", "size"])
  func tables(_ target: String) throws {
    try withTemporaryFolder { folder in
      let rows = (0..<80).map { "\($0 % 9),\($0 % 2 == 0 ? "a" : "b"),\(Double($0 * $0 % 31) / 3)" }
      try Data((["x,kind,size"] + rows).joined(separator: "\n").utf8)
        .write(to: URL(filePath: folder + "/table.csv"))
      let data = "--data @/table.csv --target \(target) --epochs 2 --device cpu"
      let compare = "experiment compare --optimizer sgd(0.1) --optimizer adam() --seeds 1 --quiet"
      let refused = try CommandRun(words(of: "\(compare) \(data) --out @/out", in: folder))
      #expect(refused.status == 66 && refused.errors.contains("--test 0.2"), "\(refused.errors)")
      let run = try CommandRun(
        words(of: "\(compare) \(data) --test 0.25 --out @/out", in: folder))
      #expect(run.status == 0, "\(run.errors)")
      let outcomes = try timelessResults(folder + "/out/compare.json")["outcomes"]
      let losses = try #require(outcomes?["sgd(0.1), seed 0"]?["curve"]?["losses"]?.array)
      let trained = try train(
        folder, "\(data) --test 0.25 --optimizer sgd(0.1) --log @/log")
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(
        try losses.map(\.double)
          == stepLines(folder + "/log").map {
            try JSONValue(parsing: $0.utf8, name: "log")["loss"]?.double
          })
      #expect(
        try text(folder + "/out/compare.md").contains("test accuracy %") == (target == "kind"))
    }
  }

  @Test("Towers are compared with the additions of the default, as `train` has them")
  func compareWithAdditions() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = [
        "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--epochs", "4",
        "--quiet",
      ]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "adam(1) / kesten()", "--first-step", "1e-3",
          "--average", "polynomial", "--out", folder + "/out", "--seeds", "1",
        ] + common)
      #expect(run.status == 0, "\(run.errors)")
      let outcomes = try #require(
        try timelessResults(folder + "/out/compare.json")["outcomes"]?.object)
      let outcome = try #require(outcomes["adam(1) / kesten(1), seed 0"])
      let train = try CommandRun(
        [
          "train", "--optimizer", "adam(1) / kesten()", "--first-step", "1e-3", "--average",
          "polynomial", "--save", folder + "/weights",
        ] + common)
      #expect(train.status == 0, "\(train.errors)")
      #expect(train.output.contains(try #require(outcome["tower"]?.string)))
      // What is tested is what is saved: the average.
      let evaluation = try CommandRun([
        "evaluate", "--device", "cpu", "--data", folder + "/data", "--weights",
        folder + "/weights",
      ])
      // Too few steps for saturation, which would hide which weights are tested.
      let loss = try #require(outcome["test_loss"]?.double)
      let printed = try #require(
        evaluation.outputLines.first { $0.hasPrefix("test loss") }?.split(separator: " ").last
          .flatMap { Double($0) })
      #expect(abs(loss - printed) <= 5.1e-5, "\(loss), \(printed)")
      let text = try String(
        decoding: Data(contentsOf: URL(filePath: folder + "/out/compare.md")), as: UTF8.self)
      #expect(text.contains("average polynomial") && text.contains("first step 0.001"))
    }
  }

  @Test("Towers are compared on a text, as `train` learns it")
  func compareOnText() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/text"
      try Data(String(repeating: "to be or not to be, ", count: 30).utf8).write(
        to: URL(filePath: path))
      let common = [
        "--device", "cpu", "--model", "gru", "--text", path, "--width", "4", "--embedding", "3",
        "--layers", "1", "--length", "8", "--batch-size", "4", "--steps", "5", "--no-shuffle",
        "--quiet",
      ]
      let run = try CommandRun(
        [
          "experiment", "compare", "--optimizer", "adam(0.1)", "--optimizer", "sgd(0.1)", "--seeds",
          "1", "--out", folder + "/out",
        ] + common)
      #expect(run.status == 0, "\(run.errors)")
      let json = try timelessResults(folder + "/out/compare.json")
      let outcome = try #require(json["outcomes"]?["adam(0.1), seed 0"])
      let loss = try #require(outcome["test_loss"]?.double)
      #expect(
        run.output.contains("perplexity") && run.output.contains(formatted("%.3f", exp(loss))))
      #expect(json["settings"]?["model"]?.string == "gru")
      #expect(json["settings"]?["width"]?.string == "4")
      let train = try CommandRun(
        ["train", "--optimizer", "adam(0.1)", "--log", folder + "/log"] + common)
      #expect(train.status == 0, "\(train.errors)")
      let log = try Data(contentsOf: URL(filePath: folder + "/log"))
        .split(separator: UInt8(ascii: "\n"))
      let last = try JSONValue(parsing: #require(log.last), name: "log")
      #expect(last["validation_loss"]?.double == loss)
    }
  }
}
