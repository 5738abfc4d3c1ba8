import FoundationEssentials
import OpenCL
import Testing

@testable import Hypertower

@Suite("Listing devices and timing steps")
struct DevicesAndBenchTests {
  private func parse(_ run: CommandRun) throws -> JSONValue {
    try JSONValue(parsing: Array(run.output.utf8), name: "output")
  }

  @Test("Devices are listed as text and as JSON, with what is chosen")
  func devices() throws {
    let text = try CommandRun(["devices"])
    let json = try parse(CommandRun(["devices", "--json"]))
    #expect(text.status == 0)
    let devices = try #require(json["devices"]?.array)
    #expect(devices.suffix(2).map { $0["name"]?.string } == ["cpu", "cpu64"])
    let chosen = try #require(json["default"]?.string)
    #expect(devices.contains { $0["name"]?.string == chosen })
    #expect(text.output.contains("default: \(chosen)\n"))
    for device in devices {
      #expect(text.output.contains(try #require(device["name"]?.string)))
      #expect(text.output.contains(try #require(device["good_for"]?.string)))
      guard device["name"]?.string?.hasPrefix("opencl:") == true else { continue }
      #expect(try #require(device["memory_bytes"]?.int) > 0)
      #expect(text.output.contains(try #require(device["driver_version"]?.string)))
    }
  }

  @Test("Without a driver the list says what to install")
  func noDriver() throws {
    let none = ["OCL_ICD_VENDORS": "/nowhere"]
    let text = try CommandRun(["devices"], environment: none)
    #expect(text.status == 0)
    #expect(text.output.contains("There is no OpenCL device: install"))
    let json = try parse(CommandRun(["devices", "--json"], environment: none))
    #expect(json["default"]?.string == "cpu")
    #expect(json["gpu"] == .null)
    #expect(json["devices"]?.array?.count == 2)
  }

  @Test("The benchmark gives a time and a loss for each tower")
  func bench() throws {
    let run = try CommandRun(
      ["bench", "--heights", "0,2", "--rounds", "2", "--device", "cpu", "--json"])
    #expect(run.status == 0, "\(run.errors)")
    let towers = try #require(try parse(run).array)
    #expect(towers.map { $0["tower"]?.string } == ["sgd", "sgd", "adam", "adam"])
    #expect(towers.map { $0["height"]?.int } == [0, 2, 0, 2])
    for tower in towers {
      let times = try ["fastest_ms", "median_ms", "slowest_ms"].map {
        try #require(tower[$0]?.double)
      }
      #expect(times[0] > 0 && times == times.sorted())
      #expect(try 0..<2.4 ~= #require(tower["final_loss"]?.double))
      #expect(tower["device"]?.string?.hasPrefix("cpu") == true)
    }
  }

  @Test("Batches that the host sends give the same losses, and the results say so")
  func streamed() throws {
    let common = [
      "bench", "--device", "cpu", "--hidden", "8", "--batch-size", "20", "--towers", "sgd",
      "--heights", "0", "--rounds", "1",
    ]
    let resident = try #require(try parse(CommandRun(common + ["--json"])).array?.first)
    let streamed = try #require(
      try parse(CommandRun(common + ["--streamed", "--json"])).array?.first)
    #expect(resident["is_streamed"] == .bool(false) && streamed["is_streamed"] == .bool(true))
    #expect(resident["final_loss"]?.double != nil)
    #expect(streamed["final_loss"] == resident["final_loss"])
    for other in ["--floor", "--launches", "--first-step"] {
      let run = try CommandRun(common + ["--streamed", other])
      #expect(run.status == 64 && run.errors.contains("--streamed is for whole steps"), "\(other)")
    }
  }

  private static var hasOpenCL: Bool { (try? OpenCLDevice.all().isEmpty) == false }

  @Test(
    "Floors, launches and first steps are told of an OpenCL device",
    .enabled(if: DevicesAndBenchTests.hasOpenCL))
  func details() throws {
    let common = ["bench", "--device", "opencl:0", "--hidden", "8", "--batch-size", "20"]
    let floor = try parse(CommandRun(common + ["--floor", "--rounds", "1", "--json"]))
    #expect(try #require(floor["fma_peak_gflops"]?.double) > 0)
    #expect(try #require(floor["products_ms"]?.double) > 0)
    // Forwards and for the weights 784 and 10 times 8, for the hidden layer once more.
    let operations = 2.0 * 20 * 8 * (784 + 784 + 10 + 10 + 10)
    let gflop = try #require(floor["step_gflop"]?.double)
    #expect((gflop * 1e9 - operations).magnitude < 1)

    let ofModel = try CommandRun([
      "bench", "--device", "opencl:0", "--model", "cnn", "--channels", "2,3", "--kernel", "3",
      "--batch-size", "2", "--floor", "--rounds", "1", "--json",
    ])
    #expect(ofModel.status == 0, "\(ofModel.errors)")
    let modelFloor = try parse(ofModel)
    #expect(try #require(modelFloor["products_ms"]?.double) > 0)
    // Forwards and for the weights 676 and 121 places; what goes back, 169 places of 27 terms; and 75 by 10 three times.
    let ofConvolutions = 2 * 676 * 9 * 2 + 2 * 121 * 18 * 3 + 169 * 27 * 2
    let ofCNN = Double(2 * 2 * (ofConvolutions + 3 * 75 * 10))
    #expect(abs(try #require(modelFloor["step_gflop"]?.double) * 1e9 - ofCNN) < 1)

    let launches = try CommandRun(common + ["--launches", "--heights", "1", "--towers", "adam"])
    #expect(launches.status == 0, "\(launches.errors)")
    #expect(launches.output.contains("adam, height 1\n"))
    #expect(launches.output.contains("tower of 2 levels"))
    #expect(launches.outputLines.last?.hasSuffix("all launches") == true)
    // Those of MNIST are left out on CPUs; where there are none, nothing is.
    let device = try OpenCLDevice.all()[0]
    if device.kind == .cpu, device.platformName != "rusticl" {
      #expect(launches.output.contains("[20, 784] · [784, 8] without zeros"))
    }
    let dense = try CommandRun(
      common + ["--launches", "--heights", "1", "--towers", "adam", "--no-zeros"])
    #expect(dense.output.contains("[20, 784] · [784, 8]"), "\(dense.errors)")
    #expect(!dense.output.contains("without zeros"))

    let first = try parse(CommandRun(common + ["--first-step", "--heights", "2", "--json"]))
    #expect(first["height"]?.int == 2)
    #expect(try #require(first["first_step_ms"]?.double) > 0)
  }

  @Test(
    "Products of any model are tuned, and its launches",
    .enabled(if: DevicesAndBenchTests.hasOpenCL))
  func tuneModel() throws {
    try withTemporaryFolder { folder in
      try SmallDataset(width: 8).write(to: folder + "/data")
      let run = try CommandRun(
        [
          "tune", "--device", "opencl:0", "--data", folder + "/data", "--batch-size", "16",
          "--model", "cnn", "--channels", "2,2", "--kernel", "2",
        ], environment: ["XDG_CACHE_HOME": folder])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.hasPrefix("the model cnn, batch 16, device opencl:0"))
      // Windows of 2 × 2 at 7 × 7 places of 16 images.
      #expect(run.output.contains("[784, 4] · [2, 4]ᵀ"), "\(run.output)")
      #expect(run.output.contains("a step in one launch"))
      #expect(!run.output.contains("they do not compute the same"))
      #expect(run.outputLines.last?.contains("kept in \(folder)/hypertower/tuning-") == true)
    }
  }

  @Test(
    "What tuning finds is kept, used and recorded", .enabled(if: DevicesAndBenchTests.hasOpenCL))
  func tune() throws {
    try withTemporaryFolder { folder in
      let cache = ["XDG_CACHE_HOME": folder]
      try SmallDataset().write(to: folder + "/data")
      let data = ["--device", "opencl:0", "--data", folder + "/data", "--batch-size", "16"]
      func train() throws -> String {
        let run = try CommandRun(
          ["train", "--log", folder + "/log", "--quiet"] + data, environment: cache)
        #expect(run.status == 0, "\(run.errors)")
        let log = try String(
          decoding: Data(contentsOf: URL(filePath: folder + "/log")), as: UTF8.self)
        return run.errors + (log.split(separator: "\n").last ?? "")
      }
      #expect(try train().contains("\"schedules\": \"defaults\""))

      let device = try #require(try OpenCLDevice.all().first)
      let path = TuningChoices.path(for: device, in: folder + "/hypertower")
      try FileManager.default.createDirectory(
        atPath: folder + "/hypertower", withIntermediateDirectories: true)
      try Data("{".utf8).write(to: URL(filePath: path))
      #expect(try train().contains("going on with default schedules: "))

      // Tuning writes a damaged file anew.
      let run = try CommandRun(["tune", "--hidden", "3"] + data, environment: cache)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("[16, 9] · [9, 3]"))
      #expect(run.output.contains("a step in one launch"))
      #expect(!run.output.contains("they do not compute the same"))
      #expect(run.outputLines.last?.hasSuffix(" \(path)") == true)
      #expect(try !train().contains("going on"))

      // What could not be kept is not measured.
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let refused = try CommandRun(["tune", "--hidden", "3"] + data, environment: cache)
      #expect(refused.status == 73 && refused.output.isEmpty, "\(refused.errors)")
      try FileManager.default.removeItem(atPath: path)

      // As if something had been found.
      let found =
        #"{"products": [{"rows": 9, "inner": 16, "columns": 128, "left_transposed": true, "#
        + #""right_transposed": false, "schedule": "tiles", "prefetch_terms": 3, "#
        + #""packs_left": true, "packs_right": true}], "tile_rows": {}, "joins_phases": false}"#
      try Data(found.utf8).write(to: URL(filePath: path))
      #expect(try train().contains("1 tuned products, 0 tuned heights, phases apart, "))
    }
  }
}
