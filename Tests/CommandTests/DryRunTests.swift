import FoundationEssentials
import Hypertower
import OpenCL
import Testing

@Suite("Dry runs")
struct DryRunTests {
  @Test("A dry run tells what a run would be, and writes nothing")
  func tells() throws {
    try withTemporaryFolder { folder in
      let run = try CommandRun([
        "train", "--dry-run", "--device", "cpu", "--hidden", "7,5", "--batch-size", "100",
        "--epochs", "2",
        "--save", "\(folder)/w.safetensors", "--log", "\(folder)/log.jsonl", "--report",
        "\(folder)/r.html",
        "--checkpoint", "\(folder)/checkpoints",
      ])
      #expect(run.status == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n").map {
        $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      }
      // 100 · 2 · (784·7·2 + 7·5·3 + 5·10·3) operations: no gradient of the samples is computed.
      for line in [
        "w1 [7, 784] 5488", "b3 [10] 10", "parameters 5595", "run 1200 steps, 2 × 60000 samples",
        "step 100 samples, 0.002246 GFLOP in products", "--hidden 7,5",
      ] {
        #expect(lines.contains(line), "\(line): \(run.output)")
      }
      #expect(lines.contains { $0.hasPrefix("memory ") && $0.contains("MiB") })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test("A dry run tells how a step is launched")
  func launches() throws {
    func line(_ device: String, _ arguments: [String] = []) throws -> String {
      let run = try CommandRun(
        ["train", "--dry-run", "--device", device, "--first-step", "none", "--average", "none"]
          + ["--optimizer", "sgd(0.01)", "--no-shuffle"] + arguments)
      #expect(run.status == 0, "\(run.errors)")
      let line = try #require(run.outputLines.first { $0.hasPrefix("launches ") })
      return line.split(separator: " ").dropFirst().joined(separator: " ")
    }
    #expect(try line("cpu").hasPrefix("none on cpu, which takes a step's "))
    guard (try? OpenCLDevice.all().isEmpty) == false else { return }
    // As many as a step has when each is timed.
    let bench = try CommandRun(
      ["bench", "--launches", "--json", "--device", "opencl:0", "--no-fusion"]
        + ["--towers", "sgd", "--heights", "0"])
    let towers = try JSONValue(parsing: bench.output.utf8, name: "bench").array
    let count = try #require(towers?.first?["launches"]?.array?.count)
    #expect(try line("opencl:0", ["--no-fusion"]) == "\(count) a step")
  }

  @Test("A dry run refuses what a run would refuse")
  func refuses() throws {
    for (arguments, message) in [
      (["--optimizer", "weights: adam()"], "no group has b1"),
      (["--batch-size", "70000"], "--batch-size 70000 is out of range"),
    ] {
      let run = try CommandRun(["train", "--dry-run", "--device", "cpu"] + arguments)
      #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
    }
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 2"
      #expect(
        try train(folder, "\(common) --hidden 3 --checkpoint @/run --save @/w").status == 0)
      let before = try FileManager.default.contentsOfDirectory(atPath: folder + "/run")
      for (arguments, status, message) in [
        ("--checkpoint @/run", Int32(73), "holds the checkpoints of a run up to step 2"),
        ("--checkpoint @/w", 73, "/w: cannot be written"),
        ("--init @/w", 65, "give --hidden 3"),
      ] {
        let run = try train(folder, "\(common) --dry-run \(arguments)")
        #expect(run.status == status && run.errors.contains(message), "\(run.errors)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/run") == before)
    }
  }
}
