import FoundationEssentials
import Glibc
import Hypertower
import Testing

@Suite("Data and weights as people have them")
struct UsersDataTests {
  private func run(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(words(of: arguments, in: folder))
  }

  private func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  private static let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ]
  private static let train = "train --device cpu --batch-size 16 --steps 6 --quiet"

  /// The steps of the run's log, once its status is 0.
  private func steps(_ folder: String, _ data: String, _ rest: String = "") throws -> [String] {
    let log = "\(folder)/\(data).log"
    let own = try run(folder, "\(Self.train) --data @/\(data) --log \(log) \(rest)")
    #expect(own.status == 0, "\(data): \(own.errors)")
    return try own.status == 0 ? stepLines(log) : []
  }

  @Test("Names, element types and labels of other sources give the same run")
  func sameData() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let expected = try steps(folder, "data")
      /// Writes the files anew, as `change` has them, into a folder.
      func variant(_ name: String, _ change: (String, [UInt8]) -> (String, [UInt8])) throws {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        for own in Self.names {
          let (path, contents) = change(own, try bytes("\(folder)/data/\(own)"))
          try write(contents, "\(folder)/\(name)/\(path)")
        }
        #expect(try steps(folder, name) == expected, "\(name)")
      }
      try variant("emnist") { name, contents in
        ("emnist-letters-" + name.replacing("t10k", with: "test"), contents)
      }
      try variant("dots") { name, contents in (name.replacing("-idx", with: ".idx"), contents) }
      // Eight columns of int32, of which the first is the label.
      try variant("qmnist") { name, contents in
        guard name.contains("labels") else { return ("qmnist-" + name, contents) }
        let header: [UInt8] = [0, 0, 12, 2] + contents[4..<8] + [0, 0, 0, 8]
        return (
          "qmnist-" + name.replacing("idx1-ubyte", with: "idx2-int"),
          header + contents[8...].flatMap { [0, 0, 0, $0] + [UInt8](repeating: 9, count: 28) }
        )
      }
      // Pixels as float32.
      try variant("floats") { name, contents in
        guard name.contains("images") else { return (name, contents) }
        return (
          name.replacing("ubyte", with: "float"),
          [0, 0, 13, 3] + contents[4..<16]
            + contents[16...].flatMap { pixel in
              withUnsafeBytes(of: (Float(pixel) / 255).bitPattern.bigEndian) { Array($0) }
            }
        )
      }
      // A folder of one file's name, with the file of another spelling beside it.
      try FileManager.default.createDirectory(
        atPath: "\(folder)/dots/train-images-idx3-ubyte", withIntermediateDirectories: true)
      #expect(try steps(folder, "dots", "--seed 0") == expected)
    }
  }

  @Test("Without test files, and with classes that do not occur, training goes on")
  func missingParts() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      // Labels 0, 1, 2, 3 become 0, 10, 20, 30.
      for part in ["train", "t10k"] {
        let path = "\(folder)/data/\(part)-labels-idx1-ubyte"
        let labels = try bytes(path)
        try write(labels[..<8] + labels[8...].map { 10 * $0 }, path)
      }
      let gaps = try run(folder, "\(Self.train) --data @/data")
      #expect(gaps.status == 0, "\(gaps.errors)")
      #expect(gaps.errors.contains("31") && gaps.errors.contains("--classes"), "\(gaps.errors)")
      #expect(try run(folder, "\(Self.train) --data @/data --classes 30").status == 65)

      for name in Self.names[2...] { unlink("\(folder)/data/\(name)") }
      let untested = try run(folder, "\(Self.train) --data @/data")
      #expect(untested.status == 0 && !untested.output.contains("accuracy"), "\(untested.errors)")
      let validated = try run(folder, "\(Self.train) --data @/data --validation 0.2")
      #expect(validated.outputLines.last?.hasPrefix("validation accuracy ") == true)
      for share in ["0", "1", "nan", "-0.5"] {
        #expect(try run(folder, "\(Self.train) --data @/data --validation=\(share)").status == 64)
      }
      for scale in ["0", "inf", "nan", "1e400", "-1"] {
        #expect(try run(folder, "\(Self.train) --data @/data --scale=\(scale)").status == 64)
      }
    }
  }

  @Test("Features that are not finite are named")
  func infiniteFeatures() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let path = folder + "/data/train-images-idx3-ubyte"
      let contents = try bytes(path)
      var values = contents[16...].map { Float($0) }
      values[9 * 7 + 4] = .nan
      try write(
        [0, 0, 13, 3] + contents[4..<16]
          + values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) }
          }, path)
      let fault = try run(folder, "\(Self.train) --data @/data")
      #expect(fault.status == 65)
      #expect(
        fault.errors.contains("sample 7") && fault.errors.contains("feature 4"), "\(fault.errors)")
    }
  }

  @Test("A relative folder of data is found again from elsewhere")
  func relativeData() throws {
    try withTemporaryFolder { folder in
      let here = FileManager.default.currentDirectoryPath
      let up = here.split(separator: "/").map { _ in ".." }.joined(separator: "/")
      try SmallDataset().write(to: folder + "/data")
      let begun = try run(
        folder, "\(Self.train) --data \(up)\(folder)/data --checkpoint @/run")
      #expect(begun.status == 0, "\(begun.errors)")
      let text = String(
        decoding: try bytes(folder + "/run/step-0000000006.safetensors"), as: UTF8.self)
      #expect(text.contains("\\\"data\\\":\\\"/"))
      try FileManager.default.moveItem(atPath: folder + "/data", toPath: folder + "/moved")
      let lost = try run(folder, "train --device cpu --resume @/run")
      #expect(lost.status == 66 && lost.errors.contains("--data"), "\(lost.errors)")
    }
  }

  // MARK: Weights

  private func evaluate(_ folder: String, _ weights: String) throws -> CommandRun {
    try run(folder, "evaluate --device cpu --data @/data --weights @/\(weights)")
  }

  /// A copy of the weights of widths 9, 5, 4 with other tensors.
  private func save(
    _ path: String, _ change: ([SafetensorsFile.Entry]) -> [SafetensorsFile.Entry]
  ) throws {
    let entries = NetworkFixture.weights(widths: [9, 5, 4]).entries
    try SafetensorsFile(change(entries)).write(to: path)
  }

  @Test("Weights with other names, or more of them than needed, give the same result")
  func sameWeights() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try save(folder + "/own") { $0 }
      let expected = try evaluate(folder, "own")
      #expect(expected.status == 0 && expected.errors.isEmpty, "\(expected.errors)")
      // Without the greatest class.
      try SmallDataset(classCount: 3).write(to: folder + "/fewer")
      let fewer = try run(folder, "evaluate --device cpu --data @/fewer --weights @/own")
      #expect(fewer.status == 0 && fewer.errors.isEmpty, "\(fewer.errors)")
      let renamings = [
        ["w1": "0.weight", "b1": "0.bias", "w2": "2.weight", "b2": "2.bias"],
        ["w1": "fc1.weight", "b1": "fc1.bias", "w2": "fc2.weight", "b2": "fc2.bias"],
        [
          "w1": "layers.9.weight", "b1": "layers.9.bias", "w2": "layers.10.weight",
          "b2": "layers.10.bias",
        ],
      ]
      for (number, names) in renamings.enumerated() {
        try save(folder + "/renamed") { entries in
          entries.map { .init(name: names[$0.name]!, shape: $0.shape, floats: $0.floats()) }
        }
        let renamed = try evaluate(folder, "renamed")
        #expect(renamed.status == 0 && renamed.outputLines.last == expected.outputLines.last)
        // The first names are those of PyTorch's `Sequential`.
        let way =
          number == 0
          ? "matched by the names and shapes of PyTorch"
          : "matched by order and shape: \(names["w1"]!) → w1"
        #expect(renamed.errors.contains(way), "\(renamed.errors)")
      }
      try save(folder + "/more") {
        $0 + [.init(name: "running_mean", shape: [3], floats: [1, 2, 3])]
      }
      let more = try evaluate(folder, "more")
      #expect(more.status == 0 && more.outputLines.last == expected.outputLines.last)
      #expect(more.errors.contains("running_mean"), "\(more.errors)")

      // In two files with an index.
      try save(folder + "/part-1.safetensors") { $0.filter { $0.name.hasSuffix("1") } }
      try save(folder + "/part-2.safetensors") { $0.filter { $0.name.hasSuffix("2") } }
      let places = ["w1", "b1", "w2", "b2"].map { "\"\($0)\": \"part-\($0.last!).safetensors\"" }
      let index = "{\"metadata\": {}, \"weight_map\": {\(places.joined(separator: ", "))}}"
      try write(Array(index.utf8), folder + "/model.safetensors.index.json")
      let indexed = try evaluate(folder, "model.safetensors.index.json")
      #expect(indexed.status == 0 && indexed.outputLines.last == expected.outputLines.last)
      #expect(try evaluate(folder, "part-1.safetensors").status == 65)
      unlink(folder + "/part-2.safetensors")
      #expect(try evaluate(folder, "model.safetensors.index.json").status == 66)
    }
  }

  @Test("Weights that are not finite give no accuracy", arguments: ["nan", "inf", "1e39", "3e38"])
  func brokenWeights(value: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try save(folder + "/broken") { entries in
        entries.map { entry in
          guard entry.name == "w2" else { return entry }
          var doubles = entry.doubles()
          if value == "3e38" { doubles = doubles.map { _ in 3e38 } }
          doubles[7] = Double(value)!
          return .init(name: "w2", shape: entry.shape, doubles: doubles)
        }
      }
      let broken = try evaluate(folder, "broken")
      if value == "3e38" {
        // Finite, but the products need not be.
        #expect(broken.status == 3 || !broken.output.contains("nan"))
      } else {
        #expect(broken.status == 3 && broken.output.isEmpty, "\(broken.errors)")
        #expect(
          broken.errors.contains("w2") && broken.errors.contains("[1, 2]"), "\(broken.errors)")
        #expect(
          try run(folder, "\(Self.train) --data @/data --hidden 5 --init @/broken").status == 3)
      }
    }
  }

  // MARK: Towers

  @Test("Towers that training has printed, and zeros where nothing tunes them, are accepted")
  func towers() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      func status(_ tower: String) throws -> (Int32, String) {
        let own = try run(folder, "\(Self.train) --data @/data --optimizer \(tower)")
        return (own.status, own.errors)
      }
      for tower in ["sgd(0.001,~momentum=1.1577435)", "sgd(-0.01)", "sgd(0.01)~/~sgd(-1e-3)"] {
        let (status, errors) = try status(tower)
        #expect(status == 0 && errors.contains("lies outside"), "\(tower): \(errors)")
      }
      for tower in [
        "adam(beta1=0)", "adam(beta2=0)", "rmsprop(gamma=0)", "sgd(momentum=0)",
        "sgd()~/~adam(beta1=0)",
        "adam_alpha(beta1=0)~/~sgd(0)",
      ] {
        let (status, errors) = try status(tower)
        #expect(status == 0 && errors.isEmpty, "\(tower): \(errors)")
      }
      let (tuned, why) = try status("adam(beta1=0)~/~sgd(1e-4)")
      #expect(tuned == 64 && why.contains("beta1"), "\(why)")
      for wrong in ["adam(beta1=1.5)", "adam(beta1=-0.5)", "sgd(nan)"] {
        #expect(try status(wrong).0 == 64)
      }
    }
  }

  @Test("A driver's cache folder that cannot be used is named before the driver is asked")
  func driverCache() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let environment = ["POCL_CACHE_DIR": "/proc/nowhere"]
      let arguments = ["train", "--data", folder + "/data", "--batch-size", "16", "--quiet"]
      let run = try CommandRun(arguments, environment: environment)
      #expect(run.errors.contains("/proc/nowhere") && run.errors.contains("POCL_CACHE_DIR"))
      let named = try CommandRun(arguments + ["--device", "opencl:0"], environment: environment)
      #expect(named.status == 69, "\(named.errors)")
      #expect(named.errors.contains("/proc/nowhere"), "\(named.errors)")
      let devices = try CommandRun(["devices"], environment: environment)
      #expect(devices.status == 0 && devices.output.contains("/proc/nowhere"))
    }
  }
}
