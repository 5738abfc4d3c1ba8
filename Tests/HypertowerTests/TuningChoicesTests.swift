import OpenCL
import Testing

@testable import Hypertower

@Suite struct TuningChoicesTests {
  private static let shapes = [
    ProductShape(
      rows: 40, inner: 30, columns: 20, isLeftTransposed: false, isRightTransposed: false),
    ProductShape(
      rows: 30, inner: 40, columns: 20, isLeftTransposed: true, isRightTransposed: true),
  ]

  private static var choices: TuningChoices {
    var choices = TuningChoices()
    choices.products[shapes[0]] = .tiles(prefetchTerms: 6, packsLeft: true, packsRight: false)
    choices.products[shapes[1]] = .clblast
    choices.products[
      ProductShape(
        rows: 1, inner: 2, columns: 3, isLeftTransposed: false, isRightTransposed: true)] =
      .localMemory(tile: 64, perItem: 4, splits: true)
    choices.tileRows[40] = 9
    choices.joinsPhases = true
    return choices
  }

  @Test func filesReadBack() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/tuning.json"
      #expect(try TuningChoices(contentsOf: path).isEmpty)
      try AtomicFile.write(Array(Self.choices.text.utf8), to: path)
      #expect(try TuningChoices(contentsOf: path) == Self.choices)
      #expect(try TuningChoices(contentsOf: path).summary == Self.choices.summary)
    }
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"products": [], "tile_rows": {"x": 1}}"#,
    #"{"products": [{"rows": 1}], "tile_rows": {}}"#, #"{"products": [], "tile_rows": {"8": "9"}}"#,
    #"{"products": [], "tile_rows": {"40": 15}}"#,
    #"{"products": [], "tile_rows": {}, "joins_phases": 1}"#,
  ])
  func damagedFilesAreErrors(text: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/tuning.json"
      try AtomicFile.write(Array(text.utf8), to: path)
      let error = #expect(throws: InputError.self) { try TuningChoices(contentsOf: path) }
      #expect(error?.message.contains(path) == true)
    }
  }

  /// Every compute unit of a GPU gets work, and large results get large tiles.
  @Test func defaultTilesKeepGPUsBusy() {
    var profile = DeviceProfile.gpu
    profile.computeUnits = 132
    func product(_ rows: Int, _ inner: Int, _ columns: Int) -> MatrixProduct {
      MatrixProduct(
        ProductShape(
          rows: rows, inner: inner, columns: columns, isLeftTransposed: false,
          isRightTransposed: false))
    }
    func schedule(_ rows: Int, _ inner: Int, _ columns: Int) -> ProductSchedule {
      profile.schedule(for: product(rows, inner, columns))
    }
    #expect(schedule(300, 784, 128) == .localMemory(tile: 32, perItem: 2, splits: true))
    #expect(schedule(784, 8192, 128) == .localMemory(tile: 32, perItem: 2, splits: true))
    #expect(schedule(784, 60000, 128) == .localMemory(tile: 32, perItem: 2, splits: true))
    // 100 tiles of 32 and 235 blocks: no more than 16 times twice as many units as there are compute units.
    #expect(profile.partBlocks(of: product(784, 60000, 128), tile: 32) == 6)
    #expect(profile.partBlocks(of: product(300, 784, 128), tile: 32) == 1)
    #expect(schedule(8192, 784, 128) == .localMemory(tile: 32, perItem: 2, splits: false))
    #expect(schedule(8192, 784, 1024) == .localMemory(tile: 128, perItem: 8, splits: false))
    #expect(schedule(4096, 4096, 4096) == .localMemory(tile: 128, perItem: 8, splits: false))
  }

  /// Joined launches must compute the same and be faster.
  @Test func launchesAreJoinedWhereThatGains() {
    func choice(_ joined: Double, _ separate: Double, _ isSame: Bool, besides: Bool) -> Bool? {
      LaunchTrial(joined: joined, separate: separate, isSame: isSame).choice(besides: besides)
    }
    #expect(choice(1, 2, true, besides: false) == true)
    #expect(choice(1, 2, false, besides: false) == nil)
    #expect(choice(1, 2, false, besides: true) == false)
    #expect(choice(2, 1, true, besides: true) == false)
    #expect(choice(2, 1, true, besides: false) == nil)
    #expect(choice(1, 2, true, besides: true) == nil)
    #expect(choice(0.98, 1, true, besides: false) == nil)
  }

  @Test func teamsSuitRows() {
    let profile = DeviceProfile.gpu
    #expect(
      [0, 1, 4, 5, 10, 784, 1 << 20].map { profile.lanes(for: $0) } == [1, 1, 1, 2, 4, 256, 256])
    #expect([0, 1, 4, 5, 10, 784].allSatisfy { DeviceProfile.cpu.lanes(for: $0) == 1 })
    for units in [1, 63, 64, 65, 5000, 1 << 20] {
      for lanes in [1, 4, 256] {
        let share = profile.unitsPerGroup(units, lanes: lanes)
        let groups = (units + share - 1) / share
        #expect(groups <= profile.workGroups && groups >= min(units * lanes / 256, 512))
      }
    }
  }

  /// Choices that do not fit a device or a size are as good as none.
  @Test func unfittingChoicesAreNotTaken() {
    for tile in [RegisterTile.wide, .narrow, .low] {
      var standard = DeviceProfile.cpu
      standard.registerTile = tile
      for height in [-1, 0, tile.rows.upperBound + 1, 1000] {
        var profile = standard
        profile.choices.tileRows = [40: height, 3: height]
        #expect(profile.tileRows(for: 40) == standard.tileRows(for: 40))
        #expect(tile.rows ~= profile.tileRows(for: 40))
        #expect(1...3 ~= profile.tileRows(for: 3))
      }
    }
  }

  @Test func tuningFindsSchedulesThatComputeTheSame() throws {
    for device in try OpenCLDevice.all() {
      let backend = try OpenCLBackend(device)
      var tuner = try ProductTuner(backend)
      var findings: [ProductTuner.Finding] = []
      try tuner.tune((Self.shapes + Self.shapes).map { MatrixProduct($0) }) { findings.append($0) }
      #expect(findings.map(\.shape) == Self.shapes)
      for finding in findings {
        #expect(finding.before > 0 && finding.after > 0)
        if let kept = tuner.choices.products[finding.shape] { #expect(kept == finding.schedule) }
      }
      for shape in tuner.choices.products.keys { #expect(Self.shapes.contains(shape)) }

      let choices = tuner.choices
      let tuned = TestBackend(name: "opencl as tuned", isDouble: false, isNative: false) {
        try OpenCLBackend(device, choices: choices)
      }
      var random = SeededRandom(61)
      try expectAgreement(
        Self.shapes.map { shape in
          let (m, k, n) = (shape.rows, shape.inner, shape.columns)
          let left = random.tensor(shape.isLeftTransposed ? [k, m] : [m, k])
          let right = random.tensor(shape.isRightTransposed ? [n, k] : [k, n])
          let product = left.matmul(
            right, transposeLeft: shape.isLeftTransposed, transposeRight: shape.isRightTransposed)
          return OperationCase("\(shape)", product, .summing)
        }, on: tuned)
    }
  }

  /// Where many work-groups run side by side, default tiles are lower than any candidate.
  @Test func tuningWorksWithManyComputeUnits() throws {
    for device in try OpenCLDevice.all() {
      var profile = DeviceProfile.cpu
      profile.computeUnits = 64
      var tuner = try ProductTuner(try OpenCLBackend(device, profile: profile))
      var count = 0
      try tuner.tune([MatrixProduct(Self.shapes[0])]) { _ in count += 1 }
      #expect(count == 1)
    }
  }

  /// What is tried again is judged anew: older findings for it go, others stay.
  @Test func tuningAgainReplaces() {
    var kept = Self.choices
    kept.tileRows[7] = 5
    var found = TuningChoices()
    found.products[Self.shapes[1]] = .tiles(prefetchTerms: 0, packsLeft: false, packsRight: true)
    kept.replace(Self.shapes, by: found)
    #expect(kept.products[Self.shapes[0]] == nil)
    #expect(kept.products[Self.shapes[1]] == found.products[Self.shapes[1]])
    #expect(kept.products.count == 2 && kept.tileRows == [7: 5])
  }
}
