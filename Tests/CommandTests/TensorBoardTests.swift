import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// Event files; `make test-interop` reads them with TensorBoard itself.
@Suite("TensorBoard")
struct TensorBoardTests {
  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String(String(0x100 | Int($0), radix: 16).dropFirst()) }.joined()
  }

  /// The steps of the events in a folder's files that have `text` in them, in the order of readers.
  private func steps(_ folder: String, of text: String) throws -> [Int] {
    var steps: [Int] = []
    for name in try eventFiles(folder) {
      let bytes = try bytes("\(folder)/\(name)")
      var place = 0
      while place < bytes.count {
        let record = try #require(EventRecord.record(in: bytes, at: place), "\(name): \(place)")
        if record.data.firstRange(of: Array(text.utf8)) != nil {
          steps.append(try #require(Event.step(of: record.data)))
        }
        place = record.end
      }
    }
    return steps
  }

  private func train(_ folder: String, _ arguments: String) throws -> CommandRun {
    let isElsewhere = arguments.contains("--tensorboard ")
    return try CommandRun(
      ["train", "--device", "cpu", "--quiet"]
        + (isElsewhere ? [] : ["--tensorboard", folder + "/events"])
        + words(of: arguments, in: folder))
  }

  @Test("Events and records are those that TensorBoard's own writer makes")
  func format() {
    // The bytes are those of TensorBoard 2.21's protocol buffers and RecordWriter.
    let scalar = Event(
      time: 1.5, step: 300,
      content: .summary([.init(tag: "level_0/alpha", content: .scalar(0.25))]))
    #expect(
      hexadecimal(scalar.message.bytes)
        == "09000000000000f83f10ac022a160a140a0d6c6576656c5f302f616c706861150000803e")
    #expect(Event.step(of: scalar.message.bytes[...]) == 300)
    #expect(Event.isSummary(scalar.message.bytes[...]))
    let start = Event(time: 1.5, step: 7, content: .start)
    #expect(hexadecimal(start.message.bytes) == "09000000000000f83f10073a020801")
    #expect(!Event.isSummary(start.message.bytes[...]))
    let version = Event(time: 1.5, step: 0, content: .version(writer: "hypertower"))
    #expect(
      hexadecimal(version.message.bytes)
        == "09000000000000f83f10001a0d627261696e2e4576656e743a32520c0a0a6879706572746f776572")
    #expect(
      hexadecimal(EventRecord.bytes(of: Array("record".utf8)))
        == "06000000000000007369d5377265636f726405de2bfc")
    // The check value of the CRC.
    #expect(CRC32C.checksum(of: "123456789".utf8) == 0xE306_9283)
  }

  @Test("A histogram counts every value once")
  func histogram() throws {
    let values = (0..<1000).map { Double($0 * 37 % 1000) / 100 - 4 }
    let histogram = try #require(Histogram(values))
    #expect(histogram.counts.reduce(0, +) == 1000)
    #expect(histogram.limits.last == values.max())
    var before = -Double.infinity
    for (count, limit) in zip(histogram.counts, histogram.limits) {
      // A value on a limit belongs to the next range, as far as rounding lets it.
      let own = values.count { $0 >= before && $0 < limit }
      #expect(abs(count - own) <= 1)
      before = limit
    }
    #expect(Histogram([2, 2, 2])?.counts == [3])
    #expect(Histogram([1, .nan]) == nil && Histogram([]) == nil)
  }

  @Test("Norms are those of the weights of now, and of the step's gradients")
  func tensors() throws {
    let data = Dataset(
      count: 4, featureCount: 2, features: .bytes([0, 9, 200, 3, 90, 7, 1, 255]),
      targets: .classes([0, 1, 1, 0], classCount: 2))
    for optimizer in ["sgd(0.5)", "sgd(0.5) / adam(0.001)", "sgd(0.5) / sgd(0) / sgd(0)"] {
      let trainer = try Trainer(
        DenseNetwork(widths: [2, 3, 2]), loss: .negativeLogLikelihood,
        optimizer: Tower(parsing: optimizer), average: .polynomial, on: .cpu)
      for _ in 0..<4 {
        let before = try trainer.tensors(.weights)
        try trainer.train(on: data, batchSize: 4, steps: 1)
        let rate = try trainer.tower.levels[0].hyperparameters[0].value
        let (after, gradients) = (try trainer.tensors(.weights), try trainer.tensors(.gradients))
        #expect(gradients.map(\.name) == ["w1", "b1", "w2", "b2"])
        for (number, gradient) in gradients.enumerated() {
          for (index, value) in gradient.values.enumerated() {
            let moved = before[number].values[index] - after[number].values[index]
            #expect(abs(moved - rate * value) < 1e-6, "\(optimizer): \(gradient.name)")
          }
        }
        #expect(gradients[0].values.contains { abs($0) > 1e-4 })
      }
    }
  }

  @Test("A resumed run goes on in a file of its own, and no step is there twice")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let settings = "--data @/data --batch-size 16 --tensorboard-every 2 --evaluate-every 5"
      let begun = try train(
        folder, "\(settings) --steps 20 --checkpoint @/run --checkpoint-every 7")
      #expect(begun.status == 0, "\(begun.errors)")
      try FileManager.default.removeItem(atPath: folder + "/run/step-0000000020.safetensors")
      let first = try #require(eventFiles(folder + "/events").first)
      let path = "\(folder)/events/\(first)"
      // A record that was cut off.
      #expect(truncate(path, try bytes(path).count - 3) == 0)
      let resume =
        "--resume @/run --steps 30 --tensorboard-every 2 --evaluate-every 5"
      let other = try train(
        folder,
        "--data @/data --batch-size 16 --seed 3 --checkpoint @/other --steps 1 --tensorboard @/others"
      )
      #expect(other.status == 0, "\(other.errors)")
      let mixed = try train(folder, "\(resume) --tensorboard @/others")
      #expect(mixed.status == 73 && mixed.errors.contains("is not of this run"), "\(mixed.errors)")
      let resumed = try train(folder, resume)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let evaluated = [4, 9, 14, 19, 24, 29]
      #expect(
        try steps(folder + "/events", of: "loss")
          == (Array(stride(from: 0, to: 30, by: 2)) + evaluated).sorted())
    }
  }

  @Test("A run that is brought back leaves no step twice")
  func restoring() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder,
        "--data @/data --batch-size 16 --optimizer adam(1e38) --steps 8 --on-divergence restore "
          + "--tensorboard-every 1")
      #expect(run.errors.contains("going back to step 0"), "\(run.errors)")
      #expect(try steps(folder + "/events", of: "level_0/alpha") == Array(0..<8))
    }
  }

  @Test("Only event files of this program are replaced, and damaged ones are named")
  func otherFiles() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 4"
      #expect(try train(folder, common).status == 0)
      let again = try train(folder, "\(common) --checkpoint @/run")
      #expect(again.status == 0)
      #expect(again.errors.contains("events: replacing the event files of an earlier run"))
      let names = try eventFiles(folder + "/events")
      #expect(names.count == 1)
      let inside = try train(folder, "\(common) --save @/events/events.out.tfevents.1")
      #expect(inside.status == 64 && inside.errors.contains("--tensorboard"), "\(inside.errors)")

      let path = "\(folder)/events/\(names[0])"
      var contents = try bytes(path)
      contents[contents.count - 60] ^= 1
      try Data(contents).write(to: URL(filePath: path))
      let damaged = try train(folder, "--resume @/run --steps 9")
      #expect(damaged.status == 65 && damaged.errors.contains("is damaged at byte"))
      #expect(try bytes(path) == contents)

      let foreign = folder + "/events/events.out.tfevents.5.host"
      try Data(EventRecord.bytes(of: [1, 2, 3])).write(to: URL(filePath: foreign))
      for arguments in [common, "--resume @/run --steps 9"] {
        let run = try train(folder, arguments)
        #expect(run.status == 73 && run.errors.contains("tfevents.5.host: "), "\(run.errors)")
      }
      #expect(try bytes(path) == contents)
    }
  }

  @Test("What watches a run changes no bit of it, and what makes no sense is refused")
  func options() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 9"
      #expect(
        try train(folder, "\(common) --tensorboard-histograms --tensorboard-every 1 --save @/a")
          .status == 0)
      let plain = try CommandRun(
        ["train", "--device", "cpu", "--quiet", "--save", folder + "/b"]
          + common.replacing("@", with: folder).split(separator: " ").map(String.init))
      #expect(plain.status == 0, "\(plain.errors)")
      #expect(try bytes(folder + "/a") == bytes(folder + "/b"))
      for (arguments, message) in [
        (["--tensorboard-every", "3"], "--tensorboard-every needs a folder: give --tensorboard"),
        (["--tensorboard-histograms"], "--tensorboard-histograms needs a folder"),
        (["--tensorboard", "x", "--tensorboard-every", "0"], "--tensorboard-every 0 is out of"),
        (["--evaluate-every", "3"], "--evaluate-every has nothing to measure for"),
        (["--tensorboard", ""], "the name of the output folder is empty"),
      ] {
        let run = try CommandRun(["train", "--device", "cpu"] + arguments)
        #expect(run.status == 64 || run.status == 73, "\(arguments)")
        #expect(run.errors.contains(message), "\(run.errors)")
      }
    }
  }
}
