import FoundationEssentials
import Hypertower
import Testing

/// Tables and arrays on the command line.
@Suite("Tables and arrays")
struct TableCommandTests {
  private func run(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(
      words(of: arguments, in: folder))
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// 200 rows, of which a fifth are of class `yes`, with texts, missing values, and an identifier.
  private static let table: String = {
    let rows = (0..<200).map { row in
      let isYes = row % 5 == 2
      let size = row == 17 ? "" : "\(isYes ? 3 + row % 3 : row % 3)"
      let colour = row == 30 ? "NA" : isYes == (row % 7 == 0) ? "red" : "\"blue, dark\""
      return "id\(row * 7919 % 1000),\(size),\(colour),\(isYes ? "yes" : "no")"
    }
    return "\u{FEFF}id,size,colour,churn\r\n" + rows.joined(separator: "\r\n")
  }()

  private static let train = "train --device cpu --hidden 4 --quiet --data @/t.csv --target churn"

  private func json(_ run: CommandRun) throws -> JSONValue {
    try JSONValue(parsing: Array(run.output.utf8), name: "output")
  }

  @Test("A table trains by the second try, and evaluate and predict know it again")
  func classes() throws {
    try withTemporaryFolder { folder in
      try write(Self.table, folder + "/t.csv")
      let first = try run(folder, Self.train)
      #expect(first.status == 65)
      #expect(
        first.errors.contains("t.csv: line 19, column 'size': a value is missing; 2 of 200 rows")
          && first.errors.contains("give --missing mean"), "\(first.errors)")
      let shares = "--validation 0.1 --test 0.2"
      let second = try run(
        folder,
        "\(Self.train) --missing mean \(shares) --class-weights balanced --save @/w --log @/log")
      #expect(second.status == 0, "\(second.errors)")
      #expect(second.errors.contains("column 'id' is left out"), "\(second.errors)")
      #expect(second.output.contains("test recall of yes  100.00 %  of 8"), "\(second.output)")
      #expect(second.outputLines.last == "test accuracy 100.00 %")

      let parts = try json(
        run(folder, "evaluate --device cpu --weights @/w --data @/t.csv \(shares) --json"))
      #expect(parts["samples"]?.int == 40 && parts["validation_samples"]?.int == 20)
      #expect(parts["test_balanced_accuracy_percent"]?.double == 100)
      let whole = try json(run(folder, "evaluate --device cpu --weights @/w --data @/t.csv --json"))
      #expect(whole["samples"]?.int == 200)

      try write("size;colour\n4;red\n;blue, dark\n", folder + "/new.csv")
      let predicted = try run(folder, "predict --device cpu --weights @/w @/new.csv")
      #expect(predicted.status == 0, "\(predicted.errors)")
      #expect(predicted.outputLines.first == "churn,no,yes" && predicted.outputLines.count == 3)
      #expect(predicted.outputLines[1].hasPrefix("yes,"))
      let named = try json(run(folder, "predict --device cpu --weights @/w @/new.csv --json"))
      #expect(named.array?[0]["class"]?.string == "yes")
      #expect(named.array?[0]["probabilities"]?["no"]?.double != nil)
    }
  }

  @Test("Values are predicted in the units of the data")
  func values() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<300).map { "\($0 % 17),\($0 % 5),\(1000 + 30 * ($0 % 17) - 50 * ($0 % 5))" }
      try write("a,b,price\n" + rows.joined(separator: "\n"), folder + "/t.csv")
      let trained = try run(
        folder,
        "train --device cpu --hidden 8 --quiet --data @/t.csv --target price --test 0.2 --save @/w "
          + "--log @/log --checkpoint @/run")
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(trained.errors.contains("target 'price' has"), "\(trained.errors)")
      #expect(trained.outputLines.last?.hasPrefix("test R² 0.9") == true, "\(trained.output)")
      let result = try json(
        run(folder, "evaluate --device cpu --weights @/w --data @/t.csv --test 0.2 --json"))
      #expect(try #require(result["test_r2"]?.double) > 0.9)
      #expect(try #require(result["test_rmse"]?.double) < 60)
      try write("b,a\n0,0\n2,10\n", folder + "/new.csv")
      let predicted = try run(folder, "predict --device cpu --weights @/w @/new.csv")
      #expect(predicted.outputLines.first == "price")
      let values = predicted.outputLines.dropFirst().compactMap { Double($0) }
      #expect(abs(values[0] - 1000) < 120 && abs(values[1] - 1200) < 120, "\(predicted.output)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder + "/run").contains(
          "best.safetensors"))
    }
  }

  @Test("A run of a table goes on from its checkpoint, and knows other data")
  func resumed() throws {
    try withTemporaryFolder { folder in
      try write(Self.table, folder + "/t.csv")
      let settings = "\(Self.train) --missing median --test 0.2 --split-seed 3 --class-weights 1,2"
      #expect(try run(folder, "\(settings) --steps 12 --checkpoint @/run").status == 0)
      let resumed = try run(
        folder, "train --device cpu --quiet --resume @/run --steps 20 --save @/one")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try run(folder, "\(settings) --steps 20 --save @/two").status == 0)
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/one"))
          == Data(contentsOf: URL(filePath: folder + "/two")))
      let refused = try run(
        folder, "train --device cpu --resume @/run --target size --test 0.1 --class-weights 1,1")
      #expect(refused.status == 64)
      #expect(
        refused.errors.contains("--class-weights, --target, --test cannot be given with --resume"),
        "\(refused.errors)")
      try write(Self.table.replacing("red", with: "green"), folder + "/t.csv")
      let other = try run(folder, "train --device cpu --resume @/run --steps 30")
      #expect(other.status == 65 && other.errors.contains("is other data"), "\(other.errors)")
    }
  }

  @Test("NumPy's arrays train like a table")
  func arrays() throws {
    try withTemporaryFolder { folder in
      func array(_ type: String, _ shape: String, _ bytes: [UInt8]) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
          + Array(header.utf8) + bytes
      }
      let labels = (0..<60).map { UInt8($0 % 3) }
      let pixels = labels.flatMap { label in (0..<4).map { UInt8($0) == label ? UInt8(255) : 0 } }
      try Data(array("|u1", "60, 2, 2", pixels)).write(to: URL(filePath: folder + "/x.npy"))
      try Data(array("|u1", "60,", labels)).write(to: URL(filePath: folder + "/y.npy"))
      let place = "--data @/x.npy --target @/y.npy"
      let trained = try run(
        folder,
        "train --device cpu --hidden 4 --quiet \(place) --test 0.2 --batch-size 6 --epochs 20 --save @/w"
      )
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(trained.outputLines.last == "test accuracy 100.00 %")
      let evaluated = try json(
        run(folder, "evaluate --device cpu --weights @/w \(place) --json"))
      #expect(evaluated["samples"]?.int == 60)
      // The greatest class is missing.
      try Data(array("|u1", "60,", labels.map { $0 % 2 })).write(
        to: URL(filePath: folder + "/fewer.npy"))
      let fewer = try run(
        folder, "evaluate --device cpu --weights @/w --data @/x.npy --target @/fewer.npy --json")
      #expect(fewer.status == 0, "\(fewer.errors)")
      try Data(array("|u1", "60,", labels.map { $0 + 1 })).write(
        to: URL(filePath: folder + "/more.npy"))
      let more = try run(
        folder, "evaluate --device cpu --weights @/w --data @/x.npy --target @/more.npy")
      #expect(more.status == 65 && more.errors.contains("3"), "\(more.errors)")
      let lost = try run(folder, "train --device cpu --data @/x.npy")
      #expect(lost.status == 64 && lost.errors.contains("Name its file by --target y.npy"))
    }
  }

  @Test("Folders of images train, and evaluate and predict take files like them")
  func images() throws {
    try withTemporaryFolder { folder in
      for (number, name) in ["bright", "dark"].enumerated() {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/data/\(name)", withIntermediateDirectories: true)
        for image in 0..<20 {
          let grey = number == 0 ? 200 + image : 40 - image
          try write("P2 2 2 255 \(grey) \(grey) \(grey) 9\n", "\(folder)/data/\(name)/\(image).pgm")
        }
      }
      let trained = try run(
        folder,
        "train --device cpu --hidden 4 --quiet --data @/data --image-size 3x3 --validation 0.2 --batch-size 8 "
          + "--epochs 10 --save @/w --checkpoint @/run")
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(trained.outputLines.last == "validation accuracy 100.00 %")
      let evaluated = try json(
        run(folder, "evaluate --device cpu --weights @/w --data @/data --json"))
      #expect(evaluated["samples"]?.int == 40)
      let predicted = try run(
        folder, "predict --device cpu --weights @/w @/data/dark/3.pgm @/data/bright/1.pgm")
      #expect(predicted.outputLines.first == "file,class,bright,dark", "\(predicted.errors)")
      #expect(predicted.outputLines[1].hasPrefix("\(folder)/data/dark/3.pgm,dark,"))
      #expect(predicted.outputLines[2].hasPrefix("\(folder)/data/bright/1.pgm,bright,"))
      let augmented =
        "train --device cpu --hidden 4 --quiet --data @/data --batch-size 8 --augment shift=1,flip,noise"
      #expect(
        try run(folder, "\(augmented) --steps 8 --save @/one --checkpoint @/changed").status == 0)
      #expect(try run(folder, "\(augmented) --steps 5 --checkpoint @/begun").status == 0)
      #expect(
        try run(folder, "train --device cpu --quiet --resume @/begun --steps 8 --save @/two").status
          == 0)
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/one"))
          == Data(contentsOf: URL(filePath: folder + "/two")))
      #expect(
        try run(folder, "train --device cpu --augment turn").errors.contains(
          "--augment: 'turn' is not known; known are shift"))
      #expect(
        try run(folder, "train --device cpu --augment flip=2").errors.contains(
          "--augment: 'flip=2' is out of range"))
      let resumed = try run(folder, "train --device cpu --quiet --resume @/run --epochs 11")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(
        try run(folder, "train --device cpu --data @/data --image-size 0x3").errors.contains(
          "--image-size '0x3' is no size"))
      #expect(
        try run(folder, "train --device cpu --image-channels 1").errors.contains(
          "--image-channels cannot be given here"))
    }
  }

  @Test(
    "Options that make no sense are refused with the remedy",
    arguments: [
      ("", 64, "t.csv: which column is predicted? Name it by --target. The columns are id, size"),
      ("--target chrn", 64, "there is no column 'chrn' for --target; did you mean 'churn'?"),
      ("--target churn --scale 2", 64, "--scale is for images"),
      ("--target churn --classes 2", 64, "--classes is for images"),
      (
        "--target churn --missing often", 64,
        "'often' is not known; known are mean, median, zero, drop"
      ),
      ("--target churn --task guess", 64, "known are classification, regression"),
      ("--target churn --delimiter ab", 64, "--delimiter 'ab' is not one ASCII character"),
      ("--target churn --ignore sise", 64, "no column 'sise' for --ignore; did you mean 'size'?"),
      (
        "--target churn --missing drop --class-weights 1,2,3", 64,
        "--class-weights has 3 numbers, and there are 2 classes (no, yes): give one for each"
      ),
      (
        "--target churn --missing drop --class-weights 1,0", 64,
        "--class-weights: '0' is not a finite number greater than 0"
      ),
      ("--target churn --validation 0.5 --test 0.5", 64, "leave nothing to train on"),
      ("--target churn --split-seed 4", 64, "--split-seed holds nothing back"),
      ("--target churn --model cnn --missing drop", 65, "needs images of a height and a width"),
    ] as [(String, Int32, String)])
  func faults(arguments: String, status: Int32, message: String) throws {
    try withTemporaryFolder { folder in
      try write(Self.table, folder + "/t.csv")
      let own = try run(folder, "train --device cpu --data @/t.csv \(arguments)")
      #expect(own.status == status, "\(own.errors)")
      #expect(own.errors.replacing("\n", with: " ").contains(message), "\(own.errors)")
    }
  }

  @Test("Table options without a table are refused")
  func withoutTable() throws {
    let own = try CommandRun(["train", "--device", "cpu", "--target", "x", "--missing", "mean"])
    #expect(own.status == 64)
    #expect(
      own.errors.contains("--target, --missing cannot be given here: the embedded MNIST says"),
      "\(own.errors)")
  }
}
