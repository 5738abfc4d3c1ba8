import FoundationEssentials
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Learned towers")
struct LearnedTowerTests {
  /// What a run says its tower is at the end.
  private func tower(_ run: CommandRun) -> String? {
    run.outputLines.first { $0.hasPrefix("tower ") }.map {
      String($0.dropFirst("tower ".count).drop { $0 == " " })
    }
  }

  @Test(
    "A run goes on with what another has learned, from its log or a checkpoint, and keeps it if fixed"
  )
  func sources() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 9"
      for optimizer in [
        "sgd(0.01, momentum=0.5) / adam(0.01) / sgd(1e-4)", "sgd_per_parameter(0.01) / adam()",
      ] {
        let own = optimizer.replacing(" ", with: "~")
        for name in ["log.jsonl", "log.csv"] {
          let first = try train(folder, "\(common) --optimizer \(own) --log @/\(name)")
          #expect(first.status == 0, "\(first.errors)")
        }
        let first = try train(
          folder, "\(common) --optimizer \(own) --checkpoint @/run --checkpoint-every 4")
        let learned = try #require(tower(first))
        #expect(try Tower(parsing: learned).description == learned && !learned.hasPrefix(optimizer))
        let bottom = Tower([try Tower(parsing: learned).levels[0]]).description
        for source in ["log.jsonl", "log.csv", "run", "run/step-0000000009.safetensors"] {
          let fixed = try train(folder, "\(common) --optimizer-from @/\(source) --fixed")
          #expect(fixed.status == 0 && tower(fixed) == bottom, "\(source): \(fixed.errors)")
          // No step: the tower is the one that the run begins with.
          let whole = try train(
            folder, "\(common) --optimizer-from @/\(source)".replacing("steps 9", with: "steps 0"))
          #expect(whole.status == 0 && tower(whole) == learned, "\(source): \(whole.errors)")
        }
        try FileManager.default.removeItem(atPath: folder + "/run")
      }
    }
  }

  @Test("A damaged checkpoint is refused, and in a folder the one before it counts")
  func damage() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 8"
      #expect(
        try train(folder, "\(common) --checkpoint @/run --checkpoint-every 4").status == 0)
      let newest = "run/step-0000000008.safetensors"
      var contents = try bytes("\(folder)/\(newest)")
      contents[contents.count - 1] ^= 1
      try Data(contents).write(to: URL(filePath: "\(folder)/\(newest)"))
      let file = try train(folder, "\(common) --optimizer-from @/\(newest)")
      #expect(file.status == 65 && file.errors.contains("its CRC does not fit"), "\(file.errors)")
      let run = try train(folder, "\(common) --optimizer-from @/run")
      #expect(run.status == 0 && run.errors.contains("trying the one before it"), "\(run.errors)")
    }
  }

  @Test("What tells of no tower is named, and options that exclude each other are refused")
  func refusals() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --steps 2"
      let run = try train(folder, "\(common) --log @/log --save @/weights --checkpoint @/run")
      #expect(run.status == 0, "\(run.errors)")
      let log = try Data(contentsOf: URL(filePath: folder + "/log"))
      try log.split(separator: UInt8(ascii: "\n"))[0].write(to: URL(filePath: folder + "/cut"))
      try Data("mine".utf8).write(to: URL(filePath: folder + "/mine"))
      for (arguments, status, message) in [
        ("--optimizer-from @/cut", Int32(65), "has not come to its end: give a checkpoint"),
        ("--optimizer-from @/weights", 65, "neither a log nor a checkpoint"),
        ("--optimizer-from @/mine", 65, "neither a log nor a checkpoint"),
        ("--optimizer-from @/none", 66, "no such file"),
        ("--optimizer-from @/data", 66, "there are no checkpoints in this folder"),
        ("--optimizer-from @/log --optimizer sgd()", 64, "exclude each other"),
        ("--fixed", 64, "--fixed is for the tower of a run"),
        (
          "--resume @/run --optimizer-from @/log", 64,
          "--optimizer-from cannot be given with --resume"
        ),
      ] {
        let run = try train(
          folder, arguments.contains("resume") ? arguments : "\(common) \(arguments)")
        #expect(run.status == status && run.errors.contains(message), "\(arguments): \(run.errors)")
      }
    }
  }
}
