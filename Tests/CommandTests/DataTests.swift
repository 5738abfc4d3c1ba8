import FoundationEssentials
import Hypertower
import Testing

/// What a run does with data of other kinds than MNIST, and what its checkpoints keep of that.
@Suite("Options for data")
struct DataTests {
  /// A run whose arguments are separated by spaces; `@` is the folder, which has data in `@/data`.
  private func run(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(
      words(of: arguments, in: folder))
  }

  private static let train = "train --device cpu --data @/data --batch-size 10 --hidden 4 --quiet"

  private func withData(
    _ dataset: SmallDataset = SmallDataset(), _ body: (String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      try dataset.write(to: folder + "/data")
      try body(folder)
    }
  }

  private func removeTestFiles(_ folder: String) throws {
    for content in ["images-idx3", "labels-idx1"] {
      try FileManager.default.removeItem(atPath: "\(folder)/data/t10k-\(content)-ubyte")
    }
  }

  private func lastLine(_ path: String) throws -> JSONValue {
    let text = try Data(contentsOf: URL(filePath: path))
    let line = try #require(text.split(separator: UInt8(ascii: "\n")).last)
    return try JSONValue(parsing: line, name: path)
  }

  private func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
  }

  @Test("Without anything to measure on, a run has no accuracy and no best weights")
  func noMeasure() throws {
    try withData { folder in
      try removeTestFiles(folder)
      let run = try run(
        folder, "\(Self.train) --epochs 2 --log @/log --checkpoint @/run --save @/weights")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.split(separator: "no test files").count == 2, "\(run.errors)")
      #expect(!run.output.contains("accuracy"))
      let last = try lastLine(folder + "/log")
      #expect(last["steps"]?.int == 10)
      #expect(last.object?.keys.contains { $0.contains("accuracy") } == false)
      let names = try names(in: folder + "/run")
      #expect(names.contains { $0.hasPrefix("step-") })
      #expect(!names.contains("best.safetensors"))

      let evaluation = "evaluate --device cpu --data @/data --weights @/weights"
      let failed = try self.run(folder, evaluation)
      #expect(failed.status == 66)
      #expect(failed.errors.contains("--validation SHARE"), "\(failed.errors)")
      #expect(failed.output.isEmpty)
      let held = try self.run(folder, "\(evaluation) --validation 0.2 --json")
      #expect(held.status == 0, "\(held.errors)")
      let result = try JSONValue(parsing: Array(held.output.utf8), name: "output")
      #expect(result["validation_samples"]?.int == 10)
      #expect(result["validation_accuracy_percent"]?.double != nil)
      #expect(result["test_accuracy_percent"] == nil)

      let compared = try self.run(
        folder,
        "experiment compare --device cpu --data @/data --batch-size 10 --out @/new "
          + "--optimizer sgd()")
      #expect(compared.status == 66)
      #expect(compared.errors.contains("test files"), "\(compared.errors)")
    }
  }

  @Test("Accuracy on samples that are held back comes before that on test files")
  func validation() throws {
    try withData { folder in
      let run = try run(
        folder,
        "\(Self.train) --epochs 2 --validation 0.2 --log @/log --checkpoint @/run "
          + "--save @/weights")
      #expect(run.status == 0, "\(run.errors)")
      let lines = run.outputLines.suffix(2)
      #expect(lines.first?.hasPrefix("validation accuracy ") == true, "\(run.output)")
      #expect(lines.last?.hasPrefix("test accuracy ") == true, "\(run.output)")
      let last = try lastLine(folder + "/log")
      // 40 samples are left to train on.
      #expect(last["steps"]?.int == 8)
      #expect(last["validation_accuracy_percent"]?.double != nil)
      #expect(last["test_accuracy_percent"]?.double != nil)
      #expect(try names(in: folder + "/run").contains("best.safetensors"))

      // The samples are those that evaluation holds back, whatever the seed.
      let evaluation = try self.run(
        folder, "evaluate --device cpu --data @/data --weights @/weights --validation 0.2")
      #expect(Array(evaluation.outputLines.suffix(2)) == Array(lines), "\(evaluation.errors)")
      #expect(
        try self.run(folder, "\(Self.train) --validation 0.999").errors.contains("holds back all"))
    }
  }

  @Test("A resumed run understands its data as when it began")
  func resuming() throws {
    try withData(SmallDataset(classCount: 3)) { folder in
      let settings = "\(Self.train) --classes 7 --scale 100 --validation 0.2"
      #expect(try run(folder, "\(settings) --steps 12 --save @/whole").status == 0)
      #expect(try run(folder, "\(settings) --steps 5 --checkpoint @/run").status == 0)
      let resumed = try run(
        folder, "train --device cpu --resume @/run --steps 12 --save @/resumed --quiet")
      #expect(resumed.status == 0, "\(resumed.errors)")
      func weights(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
      }
      #expect(try weights("whole") == weights("resumed"))
      #expect(try SafetensorsFile(contentsOf: folder + "/whole")["w2"]?.shape == [7, 4])
      // The scale is not without effect.
      let other = try run(
        folder, "\(Self.train) --classes 7 --validation 0.2 --steps 12 --save @/other")
      #expect(other.status == 0)
      #expect(try weights("other") != weights("whole"))

      let refused = try run(
        folder, "train --device cpu --resume @/run --classes 7 --scale 1 --validation 0.2")
      #expect(refused.status == 64)
      #expect(
        refused.errors.contains("--classes, --scale, --validation cannot be given with --resume"))
      // The data may have moved.
      try FileManager.default.moveItem(atPath: folder + "/data", toPath: folder + "/moved")
      let moved = "train --device cpu --resume @/run --data @/moved --steps 13 --quiet"
      #expect(try run(folder, moved).status == 0)
      #expect(
        try run(folder, "train --device cpu --resume @/run --steps 14 --quiet").status == 0)
    }
  }

  @Test("Numbers that are out of range are refused by the option's name")
  func ranges() throws {
    let faults = [
      ("--classes 1", "--classes 1 is out of range"), ("--classes=-3", "--classes -3 is out"),
      ("--classes 16777217", "--classes 16777217 is out of range"), ("--classes many", "many"),
      ("--scale 0", "--scale 0.0 is out of range"), ("--scale=-1", "--scale -1.0 is out of range"),
      ("--scale inf", "--scale inf is out of range"), ("--scale nan", "--scale nan is out of"),
      ("--scale 1e400", "is out of range"), ("--validation 0", "--validation 0.0 is out of range"),
      ("--validation 1", "--validation 1.0 is out of range"),
      ("--validation nan", "--validation nan is out of range"),
    ]
    for (arguments, message) in faults {
      let run = try run("", "train --device cpu \(arguments)")
      #expect(run.status == 64, "\(arguments)")
      #expect(run.errors.contains(message), "\(arguments): \(run.errors)")
    }
  }

  @Test("A warning about classes comes once, and not when their number is given")
  func classes() throws {
    try withData(SmallDataset(classCount: 3)) { folder in
      // 0, 1, 2 become 0, 5, 10.
      for part in ["train", "t10k"] {
        let url = URL(filePath: "\(folder)/data/\(part)-labels-idx1-ubyte")
        let contents = try Data(contentsOf: url)
        try Data(contents.prefix(8) + contents.dropFirst(8).map { 5 * $0 }).write(to: url)
      }
      let warned = try run(folder, "\(Self.train) --steps 2")
      #expect(warned.status == 0, "\(warned.errors)")
      #expect(warned.errors.split(separator: "\n").count == 1, "\(warned.errors)")
      #expect(
        warned.errors.contains("there are 11 classes") && warned.errors.contains("only 3 of them"))
      let given = try run(folder, "\(Self.train) --steps 2 --classes 11")
      #expect(given.status == 0)
      #expect(given.errors.isEmpty, "\(given.errors)")
      let fewer = try run(folder, "\(Self.train) --steps 2 --classes 8")
      #expect(fewer.status == 65)
      #expect(fewer.errors.contains("label 2 is 10") && fewer.errors.contains("--classes 11"))
    }
  }
}
