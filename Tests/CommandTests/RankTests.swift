import FoundationEssentials
import Glibc
import Testing

@testable import HypertowerCommand

/// Shards of the command, and ranks where an MPI launcher is installed.
@Suite("Ranks") struct RankTests {
  private static let settings =
    "train --device cpu --quiet --batch-size 16 --seed 4 --no-shuffle --hidden 5"

  /// Runs the command on small data, `@` standing for a folder.
  private func run(_ folder: String, _ line: String) throws -> CommandRun {
    try CommandRun(Self.words(folder, line))
  }

  private static func words(_ folder: String, _ line: String) -> [String] {
    line.split(separator: " ").map { String($0).replacing("@", with: folder) }
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test("A run in shards keeps their number, and resumes bit by bit")
  func resumes() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "\(Self.settings) --data @/data --shards 3"
      #expect(try run(folder, "\(common) --steps 9 --save @/whole --log @/whole.log").status == 0)
      let first = try run(
        folder, "\(common) --steps 4 --checkpoint @/run --log @/log --save @/part")
      #expect(first.status == 0, "\(first.errors)")
      let refused = try run(folder, "train --resume @/run --shards 2")
      #expect(refused.status == 64)
      #expect(refused.errors.contains("--shards cannot be given with --resume"))
      let resumed = try run(
        folder, "train --device cpu --quiet --resume @/run --steps 9 --save @/resumed --log @/log")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))
      #expect(try stepLines(folder + "/log") == stepLines(folder + "/whole.log"))
      let undivided = try run(
        folder, "\(Self.settings) --data @/data --sync-batchnorm --steps 9 --save @/undivided")
      #expect(undivided.status == 0)
      #expect(try bytes(folder + "/undivided") != bytes(folder + "/whole"))
    }
  }

  @Test("No shards are none", arguments: ["0", "-3"])
  func none(count: String) throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try run(folder, "\(Self.settings) --data @/data --steps 1 --shards=\(count)")
      #expect(run.status == 64)
      #expect(run.errors == "Error: \(count) shards are too few: a batch has at least one\n")
    }
  }

  @Test("A launcher whose library is missing is told what to install")
  func noLibrary() throws {
    // A launcher's variables without its library: an empty folder is where libraries are looked for first, but not
    // the only one, so the test is of value where no MPI is installed.
    for (variable, library, package) in [
      ("OMPI_COMM_WORLD_SIZE", "libmpi.so.40", "libopenmpi3"),
      ("PMI_RANK", "libmpich.so.12", "libmpich12"),
    ] where dlopen(library, RTLD_LAZY) == nil {
      let run = try CommandRun(["train", "--steps", "1"], environment: [variable: "1"])
      #expect(run.status == 69)
      #expect(run.errors.contains("its library cannot be loaded"))
      #expect(run.errors.contains("apt-get install \(package)"))
    }
  }

  /// The launchers that are installed, with what lets them start more processes than there are cores.
  private static let launchers: [[String]] = [
    ["/usr/bin/mpirun.openmpi", "--oversubscribe", "--bind-to", "none", "--allow-run-as-root"],
    ["/usr/bin/mpirun.mpich"],
  ].filter { access($0[0], X_OK) == 0 }

  /// Runs the command on `count` ranks.
  private func run(
    _ folder: String, _ launcher: [String], _ count: Int, _ line: String
  ) throws -> CommandRun {
    let words = launcher + ["-n", "\(count)"]
    return try CommandRun(
      Self.words(folder, line),
      after: "set -- \"$0\" \"$@\"; exec \(words.joined(separator: " ")) \"$@\"")
  }

  @Test(
    "Ranks under MPI come to the weights and the log of one process",
    .enabled(if: !launchers.isEmpty))
  func ranks() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "\(Self.settings) --data @/data --shards 4 --steps 9"
      #expect(try run(folder, "\(common) --save @/whole --log @/whole.log").status == 0)
      for launcher in Self.launchers {
        for count in 1...4 {
          let run = try run(
            folder, launcher, count, "\(common) --save @/own --log @/own.log")
          #expect(run.status == 0, "\(run.errors)")
          #expect(run.errors.contains(count == 1 ? "1 rank under " : "\(count) ranks under "))
          // One speaks.
          #expect(run.output.components("learned hyperparameters") == 1)
          #expect(try bytes(folder + "/own") == bytes(folder + "/whole"))
          #expect(try stepLines(folder + "/own.log") == stepLines(folder + "/whole.log"))
        }
      }
    }
  }

  @Test("An error ends all ranks, with the rank's name", .enabled(if: !launchers.isEmpty))
  func errors() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for launcher in Self.launchers {
        for (line, message) in [
          ("--data @/data --shards 1", "1 shard is too few for 2 ranks"),
          ("--data @/missing", "/missing"),
        ] {
          let run = try run(folder, launcher, 2, "\(Self.settings) --steps 5 \(line)")
          #expect(run.status != 0)
          #expect(run.errors.contains("Error: rank 0 of 2, on "), "\(run.errors)")
          #expect(run.errors.contains(message), "\(run.errors)")
          #expect(!run.errors.contains("rank 1 of 2"))
        }
      }
    }
  }

  @Test("A run that diverges ends all ranks with its status", .enabled(if: !launchers.isEmpty))
  func divergence() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      for launcher in Self.launchers {
        let start = ContinuousClock.now
        let run = try run(
          folder, launcher, 2,
          "\(Self.settings) --data @/data --steps 100000 --optimizer adam(1e38) --rank-timeout 60")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.ranges(of: "Error: ").count == 1, "\(run.errors)")
        #expect(ContinuousClock.now - start < .seconds(50))
      }
    }
  }

  @Test(
    "Ranks go back together from where a run has diverged", .enabled(if: !launchers.isEmpty))
  func restores() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common =
        "\(Self.settings) --data @/data --shards 3 --steps 60 --optimizer adam(1e38) "
        + "--on-divergence restore --checkpoint-every 4"
      let alone = try run(folder, "\(common) --log @/whole.log")
      #expect(alone.errors.contains("(1 of at most 5 times)"), "\(alone.errors)")
      let steps = try stepLines(folder + "/whole.log")
      #expect(!steps.isEmpty)
      for launcher in Self.launchers {
        for count in 2...3 {
          let run = try run(
            folder, launcher, count, "\(common) --log @/own.log --rank-timeout 60")
          #expect((run.status == 0) == (alone.status == 0), "\(run.errors)")
          #expect(
            run.errors.components("going back to step")
              == alone.errors.components("going back to step"))
          #expect(try stepLines(folder + "/own.log") == steps)
        }
      }
    }
  }

  @Test("Ranks go on from a checkpoint in another number", .enabled(if: !launchers.isEmpty))
  func otherNumber() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "\(Self.settings) --data @/data --shards 3"
      #expect(try run(folder, "\(common) --steps 9 --save @/whole").status == 0)
      for (number, launcher) in Self.launchers.enumerated() {
        let checkpoints = "\(folder)/run\(number)"
        let first = try run(
          folder, launcher, 3, "\(common) --steps 4 --checkpoint \(checkpoints)")
        #expect(first.status == 0, "\(first.errors)")
        let resumed = try run(
          folder, launcher, 2,
          "train --device cpu --quiet --resume \(checkpoints) --steps 9 --save @/resumed")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try bytes(folder + "/resumed") == bytes(folder + "/whole"))
        let tooMany = try run(
          folder, launcher, 4, "train --device cpu --quiet --resume \(checkpoints) --steps 12")
        #expect(tooMany.errors.contains("3 shards are too few for 4 ranks"), "\(tooMany.errors)")
      }
    }
  }

  @Test("What keeps ranks from their cores is told")
  func cores() {
    func warning(_ allowed: Int, _ all: Int, _ used: Int?, _ ranks: Int) -> String? {
      RankCores.warning(allowed: allowed, all: all, used: used, ranks: ranks)
    }
    #expect(warning(16, 16, 16, 1) == nil)
    #expect(warning(16, 16, 4, 4) == nil)
    #expect(warning(4, 16, 4, 4) == nil)
    #expect(warning(1, 16, nil, 4) == nil)
    #expect(warning(2, 2, 1, 3)?.hasPrefix("3 ranks on this machine share 2 cores") == true)
    #expect(warning(2, 2, 1, 2) == nil)
    #expect(warning(1, 16, 16, 2)?.hasPrefix("each rank is bound to 1 of 16 cores") == true)
    #expect(
      warning(4, 16, 16, 4)?.hasPrefix("the device's driver starts 16 threads for 4 cores") == true)
    #expect(
      warning(2, 2, 2, 2)?.hasSuffix("POCL_MAX_PTHREAD_COUNT=1 gives PoCL its share of them")
        == true)
    #expect(
      RankCores.allowed(in: "Name:\tx\nCpus_allowed:\tff,ffffffff\nCpus_allowed_list:\t0-39\n")
        == 40)
    #expect(RankCores.allowed(in: "Name:\tx\n") == nil)
    #expect((1...RankCores.all).contains(RankCores.allowed))
  }
}

extension String {
  /// How often it has `text`.
  fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
