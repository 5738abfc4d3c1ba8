import FoundationEssentials
import Glibc
import Hypertower
import Testing

/// Outputs that fail while a run goes on or at its end, and runs that are ended before it.
@Suite("Outputs that fail")
struct OutputFailureTests {
  private func arguments(_ folder: String, _ arguments: String) -> [String] {
    ["train", "--device", "cpu", "--data", folder + "/data", "--batch-size", "16", "--quiet"]
      + words(of: arguments, in: folder)
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func lines(_ path: String) throws -> [Substring] {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
      .split(separator: "\n")
  }

  private func withData(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      try body(folder)
    }
  }

  @Test("A full disk under the log ends no run, and keeps no other output back")
  func fullLog() throws {
    try withData { folder in
      let run = try CommandRun(
        arguments(
          folder, "--steps 30 --log /dev/full --save @/w --checkpoint @/run --checkpoint-every 10"))
      #expect(run.status == 73)
      let message = "/dev/full: cannot be written: No space left on device"
      #expect(
        run.errors == "hypertower: \(message); the run goes on without its log\nError: \(message)\n"
      )
      #expect(run.outputLines.last?.hasPrefix("test accuracy") == true)
      #expect(throws: Never.self) { try SafetensorsFile(contentsOf: folder + "/w") }
      #expect(try names(folder + "/run").contains("step-0000000030.safetensors"))
    }
  }

  @Test("A limit on files' sizes is an error of the file; a log keeps whole lines")
  func fullCheckpoints() throws {
    try withData { folder in
      let run = try CommandRun(
        arguments(
          folder, "--steps 30 --log @/log --checkpoint @/run --checkpoint-every 10 --save @/w"),
        discardingOutputTo: "/dev/null", after: "ulimit -f 2")
      #expect(run.status == 73, "\(run.errors)")
      #expect(run.errors.hasPrefix("hypertower: \(folder)/log: cannot be written: File too large"))
      #expect(run.errors.contains("File too large; the run goes on without this checkpoint"))
      #expect(run.errors.contains("\(folder)/w: cannot be written: File too large"))
      // Once, though three checkpoints were due.
      #expect(run.errors.split(separator: "without this checkpoint").count == 2)
      #expect(try names(folder + "/run") == ["settings.toml"])
      for (number, line) in try lines(folder + "/log").enumerated() {
        let json = try JSONValue(parsing: Array(line.utf8), name: "log")
        #expect(json["step"]?.int == number)
      }
    }
  }

  @Test("Full outputs at the end keep no other back", arguments: ["--save /dev/full", ""])
  func fullEnd(save: String) throws {
    try withData { folder in
      let run = try CommandRun(
        arguments(folder, "--steps 3 --log @/log --plot @/p \(save)"),
        discardingOutputTo: save.isEmpty ? "/dev/full" : nil)
      #expect(run.status == 73, "\(run.errors)")
      #expect(run.errors.contains("cannot be written: No space left on device"))
      #expect(try lines(folder + "/log").last?.contains("\"steps\": 3") == true)
      #expect(try names(folder + "/p").contains("training.tsv"))
      #expect(save.isEmpty || run.outputLines.last?.hasPrefix("test accuracy") == true)
    }
  }

  @Test("A signal ends a run that waits for the reader of a pipe", arguments: [true, false])
  func pipes(hasReader: Bool) throws {
    try withData { folder in
      for name in ["pipe", "other"] { mkfifo("\(folder)/\(name)", 0o600) }
      let reader = hasReader ? open(folder + "/pipe", O_RDONLY | O_NONBLOCK) : -1
      defer { close(reader) }
      let log = try CommandRun(
        arguments(folder, "--steps 100000000 --log @/pipe --save @/w"), signals: [SIGTERM],
        onceThereIs: folder + "/pipe")
      #expect(log.status == 143, "\(log.errors)")
      let save = try CommandRun(
        arguments(folder, "--steps 2 --save @/other --log @/log"), signals: [SIGTERM],
        onceThereIs: folder + "/log")
      #expect(save.status == 143, "\(save.errors)")
      #expect(save.outputLines.last?.hasPrefix("test accuracy") == true)
    }
  }

  @Test("A run goes on when the reader of its log goes away")
  func readerGoes() throws {
    try withData { folder in
      let run = try CommandRun(
        arguments(folder, "--steps 3000 --log @/pipe --save @/w"),
        after: "mkfifo \(folder)/pipe; head -1 \(folder)/pipe >\(folder)/line & true")
      #expect(run.status == 0, "\(run.errors)")
      #expect(try names(folder).contains("w"))
    }
  }

  @Test("An interrupted run without checkpoints saves its weights, and its log says so")
  func interrupted() throws {
    try withData { folder in
      let run = try CommandRun(
        arguments(folder, "--steps 100000000 --log @/log --save @/w"), signals: [SIGINT],
        onceThereIs: folder + "/log")
      #expect(run.status == 130, "\(run.errors)")
      #expect(run.errors.contains("the weights of that step are in \(folder)/w"))
      #expect(throws: Never.self) { try SafetensorsFile(contentsOf: folder + "/w") }
      let last = try JSONValue(parsing: Array(lines(folder + "/log").last!.utf8), name: "log")
      #expect(last["interrupted"]?.string == "SIGINT" && last["steps"]?.int != nil)
    }
  }

  @Test("A signal during the last steps does not discard a run that is done")
  func lastSteps() throws {
    try withTemporaryFolder { folder in
      // A step takes most of a second.
      try SmallDataset(trainCount: 250).write(to: folder + "/data")
      let run = try CommandRun(
        arguments(
          folder,
          "--steps 1 --batch-size 250 --hidden 3000,3000 --optimizer sgd(0.01) --log @/log --save @/w"
        ),
        signals: [SIGINT], onceThereIs: folder + "/log")
      #expect(run.status == 0, "\(run.errors)")
      #expect(try names(folder).contains("w"))
    }
  }
}
