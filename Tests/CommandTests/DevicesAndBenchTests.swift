import Hypertower
import Testing

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
}
