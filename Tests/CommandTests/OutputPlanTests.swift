import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

/// Outputs that get into each other's way, or into somebody's.
@Suite("The plan of outputs")
struct OutputPlanTests {
  /// A run on the small data set in `folder`; `@` in its arguments is that folder.
  private func train(
    _ folder: String, _ arguments: String, after setup: String? = nil
  ) throws -> CommandRun {
    try CommandRun(
      ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--quiet"]
        + ["--steps", "2"]
        + words(of: arguments, in: folder),
      after: setup?.replacing("@", with: folder))
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test(
    "Two outputs of one name are refused before anything is created",
    arguments: [
      "--save @/p/training.tsv --plot @/p", "--save @/p/training.svg --plot @/p/",
      "--log @/p/training.png --plot @/data/../p", "--log @/p/training.gnuplot --plot @/p",
      "--log @/ck/step-0000000005.safetensors --checkpoint @/ck",
      "--save @/ck/best.safetensors --checkpoint @/./ck",
      "--log @/ck/best.safetensors --checkpoint @/ck", "--log @/f --save @/./f",
      "--log @/here/f --save @/f", "--save @/p --plot @/p", "--save @/p --plot @/p/q",
      "--log @/ck --checkpoint @/ck", "--save @/.hypertower-x.tmp", "--save @/link --log @/file",
    ])
  func equals(arguments: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      symlink(".", folder + "/here")
      symlink("file", folder + "/link")
      let run = try train(folder, arguments)
      #expect(run.status == 64, "\(run.errors)")
      #expect(run.errors.contains(folder))
      #expect(try names(folder) == ["data", "here", "link"])
    }
  }

  @Test("Comma-separated values that are no log stay, and so does what the run reads")
  func tables() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let table = "step,loss,kind\n" + (0..<40).map { "\($0 % 7),1,\($0 % 2)\n" }.joined()
      try Data(table.utf8).write(to: URL(filePath: folder + "/t.csv"))
      let foreign = try train(folder, "--log @/t.csv")
      #expect(foreign.status == 73 && foreign.errors.contains("was not written by"))
      for log in ["@/log.csv", "@/log.jsonl"] {
        #expect(try train(folder, "--log \(log)").status == 0)
        #expect(try train(folder, "--log \(log)").errors.contains("replacing the log"))
        let learned = try train(folder, "--optimizer-from \(log) --log \(log)")
        #expect(learned.status == 64 && learned.errors.contains("--optimizer-from reads this file"))
      }
      let own = try CommandRun(
        words(
          of: "train --device cpu --data @/t.csv --target kind --steps 1 --log @/data/../t.csv",
          in: folder))
      #expect(own.status == 64 && own.errors.contains("--data reads this file: give --log another"))
      #expect(try text(folder + "/t.csv") == table)
      #expect(try train(folder, "--save @/w").status == 0)
      let settings = try text(folder + "/w.toml")
      let again = try CommandRun(
        words(of: "train --config @/w.toml --steps 1 --save @/w", in: folder))
      #expect(again.status == 64 && again.errors.contains("w.toml, which --config reads"))
      #expect(try text(folder + "/w.toml") == settings)
    }
  }

  @Test("What would be written into a folder of another run is refused")
  func foldersInUse() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      mkdir(folder + "/run", 0o700)
      let held = try FileLock.ofFolder(folder + "/run", for: "checkpoints")
      for name in ["best.safetensors", "step-0000000007.safetensors", "training.svg"] {
        for option in ["--save", "--log"] {
          let run = try train(folder, "\(option) @/run/\(name)")
          #expect(run.status == 73, "\(run.errors)")
          #expect(run.errors.contains("another run writes into this folder"), "\(run.errors)")
        }
      }
      #expect(try names(folder + "/run").isEmpty)
      #expect(try train(folder, "--save @/run/other").status == 0)
      withExtendedLifetime(held) {}
    }
  }

  @Test(
    "Files beside a script that is not this program's stay",
    arguments: [
      ("touch training.gnuplot; echo x > training.tsv", "training.tsv: was not written by"),
      ("mkdir training.gnuplot; echo x > training.svg", "training.gnuplot: is a folder"),
      ("mkfifo training.svg", "training.svg: is a named pipe"),
      ("mkfifo training.tsv", "training.tsv: is a named pipe"),
      ("echo x > x; ln -s x training.png", "training.png: is a link"),
    ])
  func foreignPlots(setup: String, message: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      mkdir(folder + "/p", 0o700)
      let run = try train(folder, "--plot @/p", after: "cd @/p; \(setup); cd /")
      #expect(run.status == 73, "\(run.errors)")
      #expect(run.errors.contains("/p/\(message)"), "\(run.errors)")
      for name in try names(folder + "/p") where access("\(folder)/p/\(name)", R_OK) == 0 {
        var status = stat()
        stat("\(folder)/p/\(name)", &status)
        guard status.st_mode & S_IFMT == S_IFREG else { continue }
        #expect(try ["x\n", ""].contains(text("\(folder)/p/\(name)")))
      }
    }
  }

  @Test(
    "Files beside an empty journal stay",
    arguments: [
      ("touch compare.partial.jsonl; echo x > compare.md", "compare.md: was not written by"),
      ("mkfifo compare.partial.jsonl", "compare.partial.jsonl: is a named pipe"),
      ("mkdir compare.json", "compare.json: is a folder"),
      ("mkfifo compare.svg", "compare.svg: is a named pipe"),
    ])
  func foreignResults(setup: String, message: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      mkdir(folder + "/p", 0o700)
      let run = try CommandRun(
        [
          "experiment", "compare", "--device", "cpu", "--data", folder + "/data", "--batch-size",
          "16", "--steps", "2", "--optimizer", "sgd()", "--out", folder + "/p",
        ], after: "cd \(folder)/p; \(setup); cd /")
      #expect(run.status == 73, "\(run.errors)")
      #expect(run.errors.contains("/p/\(message)"), "\(run.errors)")
      #expect(!run.errors.contains("step"))
    }
  }

  @Test("A log goes where standard output goes, whatever it is called; weights do not")
  func standardOutput() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for log in ["@/o", "/dev/fd/1", "/dev/stdout", "/proc/self/fd/1"] {
        let run = try train(folder, "--log \(log)", after: "exec > @/o")
        #expect(run.status == 0, "\(run.errors)")
        let lines = try text(folder + "/o").split(separator: "\n")
        #expect(lines.map { $0.prefix(10) }.prefix(2) == ["{\"step\": 0", "{\"step\": 1"])
        #expect(lines.last?.hasPrefix("test accuracy") == true)
      }
      for (save, setup) in [
        ("@/o", "exec > @/o"), ("/dev/stdout", "exec > @/o"), ("/dev/fd/2", "exec 2> @/o"),
      ] {
        let run = try train(folder, "--save \(save)", after: setup)
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
      }
      #expect(try train(folder, "--save /dev/null", after: "exec > /dev/null").status == 0)
    }
  }

  @Test("A link is followed, or refused; it is not replaced")
  func links() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      symlink("weights", folder + "/link")
      #expect(try train(folder, "--save @/link").status == 0)
      #expect(throws: Never.self) { try SafetensorsFile(contentsOf: folder + "/weights") }
      symlink("circle", folder + "/circle")
      let run = try train(folder, "--save @/circle")
      #expect(run.status == 73)
      #expect(run.errors.contains("circle: cannot be written: Too many levels"), "\(run.errors)")
      for (link, target) in [("link", "weights"), ("circle", "circle")] {
        #expect(
          try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(link)") == target)
      }
    }
  }
}
