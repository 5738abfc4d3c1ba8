import FoundationEssentials
import Glibc
import Hypertower
import Testing

@Suite("Models beyond the dense network from the command line")
struct ModelsTests {
  static let models = [
    "--model cnn --channels 3,4 --kernel 2", "--model resnet20",
    "--model lstm --text @/text --length 4 --embedding 5 --width 6 --layers 1",
    "--model gru --text @/text --length 4 --embedding 5 --width 6 --layers 2",
    "--model gpt --text @/text --length 8 --width 8 --layers 1 --heads 2",
  ]

  /// A folder with images of 8 × 8 in `data` and a text in `text`.
  private func prepare(_ folder: String) throws {
    try SmallDataset(width: 8).write(to: folder + "/data")
    let text = (0..<60).map { "Line \($0): \($0 * $0 % 17) sheep, é.\n" }.joined()
    try Data(text.utf8).write(to: URL(filePath: folder + "/text"))
  }

  private func run(_ folder: String, _ arguments: String, after setup: String? = nil) throws
    -> CommandRun
  {
    try CommandRun(
      words(of: arguments, in: folder), after: setup?.replacing("@", with: folder))
  }

  private func lines(_ path: String) throws -> [JSONValue] {
    try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n")).map {
      try JSONValue(parsing: $0, name: path)
    }
  }

  private func twoDecimals(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  private func train(_ model: String) -> String {
    "train --device cpu --batch-size 10 --quiet \(model)"
      + (model.contains("--text") ? "" : " --data @/data")
  }

  @Test("They train, resume, save, and evaluate to the same", arguments: models)
  func wholeRun(model: String) throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let whole = try run(folder, "\(train(model)) --steps 6 --log @/whole --save @/w")
      #expect(whole.status == 0, "\(whole.errors)")
      let begin = try run(folder, "\(train(model)) --steps 4 --checkpoint @/run --log @/log")
      #expect(begin.status == 0, "\(begin.errors)")
      let end = try run(
        folder, "train --device cpu --quiet --resume @/run --steps 6 --log @/log --save @/w2")
      #expect(end.status == 0, "\(end.errors)")
      #expect(try stepLines(folder + "/whole") == stepLines(folder + "/log"))
      #expect(whole.outputLines.last == end.outputLines.last)

      let evaluation = try run(
        folder,
        "evaluate --device cpu --weights @/w "
          + (model.contains("--text") ? "--text @/text" : "--data @/data"))
      #expect(evaluation.status == 0, "\(evaluation.errors)")
      #expect(evaluation.outputLines.last == whole.outputLines.last)
      let again = try run(folder, "\(train(model)) --steps 0 --init @/w")
      #expect(again.outputLines.last == whole.outputLines.last, "\(again.errors)")
    }
  }

  @Test("A model of characters tells its perplexity, also quietly, and logs its loss")
  func perplexity() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let run = try run(folder, "\(train(Self.models[4])) --steps 40 --log @/log --seed 3")
      #expect(run.status == 0, "\(run.errors)")
      let result = try #require(try lines(folder + "/log").last)
      let loss = try #require(result["validation_loss"]?.double)
      #expect(try #require(result["validation_accuracy_percent"]?.double) > 0)
      let last = run.outputLines.suffix(3)
      func number(_ line: Substring?, _ words: String, _ unit: String = "") throws -> Double {
        let line = try #require(line)
        #expect(line.hasPrefix(words + " ") && line.hasSuffix(unit))
        return try #require(Double(line.dropFirst(words.count + 1).dropLast(unit.count)))
      }
      #expect(try abs(number(last.last, "validation loss", " nats") - loss) < 1e-4)
      #expect(
        try abs(number(last.dropLast().last, "bits per character") - loss * 1.442695040889) < 1e-4)
      let perplexity = try number(last.first, "perplexity")
      #expect(abs(perplexity / exp(loss) - 1) < 1e-3)
      let untrained = try self.run(
        folder, "\(train(Self.models[4])) --steps 0 --log @/untrained --seed 3")
      #expect(untrained.status == 0, "\(untrained.errors)")
      let before = try #require(try lines(folder + "/untrained").last?["validation_loss"]?.double)
      #expect(loss < before - 0.1)
      // These are more than an epoch has.
      #expect(result["steps"]?.int == 40)
    }
  }

  @Test("A text whose perplexity is beyond all numbers is a failure")
  func greatPerplexity() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let model =
        "train --device cpu --quiet --model gru --text @/text --length 4 --embedding 5 --width 6 --layers 1"
      #expect(try run(folder, "\(model) --steps 1 --save @/w").status == 0)
      let file = try SafetensorsFile(model: folder + "/w")
      let entries = file.entries.map { entry in
        SafetensorsFile.Entry(
          name: entry.name, shape: entry.shape, floats: entry.floats().map { $0 * 1e6 })
      }
      try SafetensorsFile(entries, metadata: file.metadata).write(to: folder + "/great")
      let message = "no number is as great as the perplexity"
      let evaluated = try run(folder, "evaluate --device cpu --weights @/great --text @/text")
      #expect(evaluated.status == 3 && evaluated.errors.contains(message), "\(evaluated.errors)")
      #expect(!evaluated.output.contains("inf"))
      let trained = try run(
        folder, "\(model) --init @/great --optimizer sgd(0) --steps 1 --log @/log --save @/none")
      #expect(trained.status == 3 && trained.errors.contains(message), "\(trained.errors)")
      #expect(try text(folder + "/log").split(separator: "\n").last?.contains(message) == true)
      #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
    }
  }

  @Test("The best weights of a text are those with the least loss")
  func bestOfText() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let own = try run(
        folder,
        "\(train(Self.models[4])) --steps 24 --seed 3 --optimizer adam(0.03) --checkpoint @/run "
          + "--checkpoint-every 2 --checkpoint-keep 12")
      #expect(own.status == 0, "\(own.errors)")
      func loss(_ path: String) throws -> Double {
        let run = try run(folder, "evaluate --device cpu --json --weights \(path) --text @/text")
        let result = try JSONValue(parsing: Array(run.output.utf8)[...], name: path)
        return try #require(result["validation_loss"]?.double, "\(run.errors)\(run.output)")
      }
      var losses: [Double] = []
      for step in stride(from: 2, through: 24, by: 2) {
        let path = "\(folder)/run/step-00000000\(step < 10 ? "0" : "")\(step).safetensors"
        losses.append(try loss(path))
        let metadata = try SafetensorsFile(model: path).metadata
        #expect(Double(metadata["best_validation_loss"] ?? "") == losses.min())
        #expect(metadata["best_validation_accuracy_percent"] == nil)
      }
      #expect(try loss(folder + "/run/best.safetensors") == losses.min())
      // A run whose best weights another version has chosen by accuracy goes on.
      let newest = "\(folder)/run/step-0000000024.safetensors"
      let file = try SafetensorsFile(model: newest)
      var metadata = file.metadata
      metadata["best_validation_loss"] = nil
      metadata["best_validation_accuracy_percent"] = "12.5"
      try Data(SealedSafetensors.bytes(of: SafetensorsFile(file.entries, metadata: metadata)))
        .write(to: URL(filePath: newest))
      let resumed = try run(folder, "train --device cpu --quiet --resume @/run --steps 26")
      #expect(resumed.status == 0, "\(resumed.errors)")
    }
  }

  @Test("Text is generated in the model's characters, alike for a seed")
  func generate() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      for model in Self.models[2...] {
        let own = try run(folder, "\(train(model)) --steps 5 --save @/w")
        #expect(own.status == 0, "\(own.errors)")
        let command = "generate --device cpu --weights @/w --length 30"
        let first = try run(folder, "\(command) --prompt Line~1 --seed 4 --top-k 5")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.hasPrefix("Line 1"))
        #expect(first.output.unicodeScalars.count == 6 + 30 + 1)
        #expect(
          try run(folder, "\(command) --prompt Line~1 --seed 4 --top-k 5").output == first.output)
        #expect(try run(folder, "\(command) --seed 1").output != run(folder, "\(command)").output)
        #expect(
          try run(folder, "\(command) --temperature 0 --seed 1").output
            == run(folder, "\(command) --top-k 1").output)
        #expect(
          try run(folder, "\(command) --prompt Zebra").errors.contains(
            "character 0 is 'Z' (U+005A)"))
        #expect(
          try run(folder, "predict --weights @/w @/text").errors.contains("hypertower generate"))
      }
    }
  }

  @Test("Classes are predicted from IDX and CSV files, by file and standard input")
  func predict() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      for model in [Self.models[0], "--hidden 5"] {
        let own = try run(folder, "\(train(model)) --steps 20 --save @/w")
        #expect(own.status == 0, "\(own.errors)")
        let command = "predict --device cpu --weights @/w"
        let images = folder + "/data/t10k-images-idx3-ubyte"
        let csv = try run(folder, "\(command) \(images)")
        #expect(csv.status == 0, "\(csv.errors)")
        let rows = csv.outputLines.map { $0.split(separator: ",").map { Double($0) ?? .nan } }
        #expect(rows.count == 20 && rows.allSatisfy { $0.count == 5 })
        for row in rows {
          #expect(abs(row.dropFirst().reduce(0, +) - 1) < 1e-5)
          #expect(row[Int(row[0]) + 1] == row.dropFirst().max())
        }
        let right = rows.enumerated().count { $0.offset % 4 == Int($0.element[0]) }
        let accuracy = own.outputLines.last ?? ""
        #expect(accuracy == "test accuracy \(twoDecimals(Double(right) * 5)) %")

        let json = try JSONValue(
          parsing: Array(run(folder, "\(command) --json", after: "exec < \(images)").output.utf8),
          name: "output")
        #expect(json.array?.compactMap { $0["class"]?.int } == rows.map { Int($0[0]) })
        #expect(
          json.array?[0]["probabilities"]?.array?.compactMap(\.double) == Array(rows[0].dropFirst())
        )

        let pixels = try Array(Data(contentsOf: URL(filePath: images))).dropFirst(16)
        try Data(
          stride(from: 16, to: 16 + 64 * 20, by: 64).map { start in
            pixels[start..<start + 64].map(\.description).joined(separator: ",") + "\n"
          }.joined().utf8
        ).write(to: URL(filePath: folder + "/pixels.csv"))
        #expect(try run(folder, "\(command) --scale 255 @/pixels.csv").output == csv.output)
        #expect(
          try run(folder, "\(command) -", after: "echo 1,2 | cat > @/two; exec < @/two").errors
            .contains("standard input: samples of 2 numbers, [2], the network takes 64"))
        #expect(try run(folder, "generate --weights @/w").errors.contains("hypertower predict"))
      }
    }
  }

  @Test("A file that does not say its network evaluates and predicts as a dense one")
  func withoutDescription() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let own = try run(folder, "\(train("--hidden 5")) --steps 5 --save @/w")
      let file = try SafetensorsFile(contentsOf: folder + "/w")
      #expect(file.metadata["hypertower_model"]?.contains("\"dense\"") == true)
      try SafetensorsFile(file.entries, metadata: [:]).write(to: folder + "/plain")
      let evaluation = try run(folder, "evaluate --device cpu --weights @/plain --data @/data")
      #expect(evaluation.outputLines.last == own.outputLines.last, "\(evaluation.errors)")
      let images = folder + "/data/t10k-images-idx3-ubyte"
      #expect(
        try run(folder, "predict --device cpu --weights @/plain \(images)").output
          == run(folder, "predict --device cpu --weights @/w \(images)").output)
      try SafetensorsFile(file.entries, metadata: ["hypertower_model": "{\"model\": \"mlp\"}"])
        .write(to: folder + "/other")
      let other = try run(folder, "evaluate --device cpu --weights @/other --data @/data")
      #expect(other.status == 65)
      #expect(other.errors.contains("'hypertower_model' of the metadata names no model"))
    }
  }

  @Test("Steps of a model are timed")
  func bench() throws {
    let run = try CommandRun(
      ["bench", "--device", "cpu", "--model", "cnn", "--batch-size", "1", "--heights", "0,1"]
        + ["--towers", "adam", "--rounds", "1", "--json"])
    #expect(run.status == 0, "\(run.errors)")
    let result = try JSONValue(parsing: Array(run.output.utf8), name: "output")
    #expect(result.array?.compactMap { $0["height"]?.int } == [0, 1])
    #expect(result.array?.allSatisfy { $0["final_loss"]?.double != nil } == true)
  }

  static let faults: [(arguments: String, status: Int32, message: String)] = [
    ("--model gtp", 64, "'gtp' is no model; known are dense, cnn, resnet20, lstm, gru and gpt"),
    ("--kernel 3", 64, "--model dense has no option --kernel; models that have it: cnn"),
    ("--model cnn --width 3", 64, "models that have it: lstm, gru and gpt"),
    ("--model cnn --channels 3", 64, "'3' is 1 number, expected 2"),
    ("--model cnn --batch-size 9 --data @/data", 64, "--kernel 5 is too large for images of 8 × 8"),
    ("--model gpt", 64, "the model gpt predicts characters: give a text by --text FILE"),
    (
      "--text @/text", 64,
      "--text is for the models lstm, gru and gpt; dense is an image classifier"
    ),
    (
      "--model gru --text @/text --scale 2", 64,
      "--scale cannot be given with --text: it is for images, tables and arrays"
    ),
    ("--model gpt --text @/text --heads 3", 64, "--heads 3 does not divide --width 128"),
    ("--model gpt --text @/text --length 500", 65, "windows of 500 need at least 5010"),
    ("--model gpt --text @/nothing", 66, "nothing: no such file"),
    ("--model gpt --text @/empty", 65, "empty: is empty"),
    ("--model gpt --text @/latin", 65, "latin: is not UTF-8: at byte 1"),
    ("--model gpt --text @/text --batch-size 9999", 64, "--batch-size 9999 is out of range"),
    ("--model gpt --text @/text --width 65536 --layers 1024", 71, "GiB"),
    (
      "--resume @/run --model cnn --kernel 3", 64, "--model, --kernel cannot be given with --resume"
    ),
    ("--resume @/run --text @/longer", 65, "longer: is other data than the run"),
    ("--model lstm --text @/text --length 4 --init @/w", 65, "holds weights of --model gpt"),
    (
      "--model gpt --text @/other --length 8 --width 8 --layers 1 --heads 2 --init @/w", 65,
      "was trained on a text of other characters"
    ),
  ]

  @Test("A description of a network that cannot be is a fault of the file")
  func badDescriptions() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let own = try run(folder, "\(train(Self.models[0])) --steps 1 --save @/w")
      #expect(own.status == 0, "\(own.errors)")
      let file = try SafetensorsFile(contentsOf: folder + "/w")
      let good = try #require(file.metadata["hypertower_model"])
      func replaced(_ part: String, _ other: String) throws -> String {
        try #require(good.contains(part), "\(good)")
        return good.replacing(part, with: other)
      }
      for (description, message) in [
        (try replaced("\"channels\": [3, 4]", "\"channels\": [3]"), "has no 'channels'"),
        (try replaced("\"channels\": [3, 4]", "\"chanels\": [3, 4]"), "has no 'channels'"),
        (try replaced("\"kernel\": [2]", "\"kernel\": [9]"), "--kernel 9 is too large"),
        (
          try replaced("\"image\": [8, 8]", "\"image\": [16777216, 16777216, 16777216]"),
          "has no 'image'"
        ),
        (try replaced("\"image\": [8, 8]", "\"image\": [0, 8]"), "has no 'image'"),
        (try replaced("\"classes\": 4", "\"classes\": 0"), "has no 'classes'"),
      ] {
        try SafetensorsFile(file.entries, metadata: ["hypertower_model": description])
          .write(to: folder + "/bad")
        for command in [
          "predict --weights @/bad @/data/t10k-images-idx3-ubyte",
          "evaluate --weights @/bad --data @/data",
        ] {
          let run = try run(folder, "\(command) --device cpu")
          #expect(run.status == 65, "\(description): \(run.errors)")
          #expect(run.errors.contains(message), "\(description): \(run.errors)")
        }
      }
    }
  }

  @Test("The default tower is that of all models")
  func defaultTower() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let own = try run(folder, "\(train(Self.models[4])) --steps 2")
      #expect(own.output.contains(") / drift(1)\n"), "\(own.output)")
    }
  }

  @Test("What is wrong is said with its remedy")
  func badInput() throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
      }
      let text = Array(try Data(contentsOf: URL(filePath: folder + "/text")))
      try write([], "empty")
      try write([97, 0xE9, 98], "latin")
      try write(text + text, "longer")
      try write(text + [UInt8(ascii: "Q")], "other")
      let own = try run(
        folder, "\(train(Self.models[4])) --steps 2 --checkpoint @/run --save @/w")
      #expect(own.status == 0, "\(own.errors)")
      for fault in Self.faults {
        let run = try run(folder, "train --device cpu --quiet \(fault.arguments)")
        #expect(run.status == fault.status, "\(fault.arguments): \(run.errors)")
        #expect(run.errors.contains(fault.message), "\(fault.arguments): \(run.errors)")
      }
      for (arguments, status, message) in [
        ("evaluate --weights @/w", 64, "the model gpt predicts characters: give a text by --text"),
        ("evaluate --weights @/w --text @/other", 65, "is 'Q' (U+0051), which the"),
        ("evaluate --weights @/w --text @/text --classes 3", 64, "--classes cannot be given"),
        ("bench --model gpt --hidden 3", 64, "--model gpt has no option --hidden"),
        ("bench --model gpt --no-zeros", 64, "--no-zeros cannot be given with --model gpt"),
        ("tune --model lstm --device cpu", 64, "predicts characters: give a text by --text FILE"),
        ("generate --weights @/w --temperature=-1", 64, "--temperature -1.0 is out of range"),
        ("generate --weights @/w --top-k 0", 64, "--top-k 0 is out of range"),
      ] as [(String, Int32, String)] {
        let run = try run(folder, arguments)
        #expect(run.status == status, "\(arguments): \(run.errors)")
        #expect(run.errors.contains(message), "\(arguments): \(run.errors)")
      }
    }
  }
}
