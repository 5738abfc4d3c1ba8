import OpenCL
import Testing

@testable import Hypertower

/// However a step is cut into launches, phases and shares, it does the same.
@Suite(.serialized) struct JoinedLaunchTests {
  /// Enough rows and products for blocks of rows, phases and shares of all kinds.
  ///
  /// - Parameter isSparse: whether half of the features of every sample are zeros.
  private static func data(isSparse: Bool) -> Dataset {
    Dataset(
      count: 150, featureCount: 20,
      features: .bytes(
        (0..<3000).map {
          isSparse && ($0 % 20 / 10 + $0 / 200) % 2 == 0
            ? 0 : UInt8(truncatingIfNeeded: $0 * 89 ^ ($0 / 20) * 31)
        }),
      targets: .classes((0..<150).map { Int32($0 * $0 % 5) }, classCount: 5))
  }

  private func run(
    _ device: OpenCLDevice, _ tower: Tower, fuses: Bool = true, profile: DeviceProfile = .cpu,
    steps: Int = 23, widths: [Int] = [20, 33, 5], isSparse: Bool = false,
    _ change: (inout DeviceProfile) -> Void = { _ in }
  ) throws -> (bits: [[UInt32]], losses: [Double]) {
    var profile = profile
    change(&profile)
    var own = Device(
      name: "opencl", backend: try OpenCLBackend(device, profile: profile))
    own.fuses = fuses
    let trainer = try Trainer(
      DenseNetwork(widths: widths), loss: .negativeLogLikelihood, optimizer: tower, on: own,
      seed: 3)
    var losses: [Double] = []
    try trainer.train(on: Self.data(isSparse: isSparse), batchSize: 50, steps: steps) {
      losses += $0.map(\.loss)
    }
    return (try trainer.weights().entries.map { $0.floats().map(\.bitPattern) }, losses)
  }

  @Test func workGroupsShareWorkAsTheyCome() throws {
    for device in try OpenCLDevice.all() {
      let tower = Adam(0.01) / Adam(0.01)
      let one = try run(device, tower) { $0.computeUnits = 1 }
      #expect(one.losses.count == 23 && one.losses[22] < one.losses[0])
      for workers in [2, 3, 7, 64] {
        let several = try run(device, tower) { $0.computeUnits = workers }
        #expect(several.bits == one.bits, "\(workers) work-groups")
      }
    }
  }

  /// Where samples are read in place, their numbers may be there before the step before has ended; a
  /// network of one layer needs nothing else as early.
  @Test(arguments: [[20, 33, 5], [20, 5]])
  func sparseDataAreTheSame(widths: [Int]) throws {
    #expect(Self.data(isSparse: true).isSparse && !Self.data(isSparse: false).isSparse)
    for device in try OpenCLDevice.all() {
      let towers = [Adam(0.01) / Adam(0.01), SGD(0.1) / SGD(1e-4)]
      for tower in towers.some(1, from: widths.count == 3 ? 0 : 1) {
        func bits(_ change: (inout DeviceProfile) -> Void) throws -> [[UInt32]] {
          try run(device, tower, widths: widths, isSparse: true, change).bits
        }
        let one = try bits { $0.computeUnits = 1 }
        for workers in [2, 7] {
          #expect(try bits { $0.computeUnits = workers } == one, "\(workers) work-groups")
        }
        #expect(try bits { $0.joinsPhases = false } == one)
        #expect(try bits { $0.cutsRows = false } == one)
        #expect(try bits { $0.registerTile = .narrow } == one)
      }
    }
  }

  @Test func tilesChangeNoBit() throws {
    for device in try OpenCLDevice.all() {
      let tower = Adam(0.01) / Adam(0.01)
      let standard = try run(device, tower)
      for (tile, heights) in [
        (RegisterTile.wide, [3, 8, 14]), (.narrow, [1, 4, 6]), (.low, [3, 6]),
      ] {
        for height in heights {
          let other = try run(device, tower) { profile in
            profile.registerTile = tile
            for rows in [20, 33, 50] { profile.choices.tileRows[rows] = height }
          }
          #expect(other.bits == standard.bits, "\(tile.vectors) vectors, height \(height)")
        }
      }
    }
  }

  @Test func phasesInOneLaunchOrInSeveral() throws {
    for device in try OpenCLDevice.all() {
      let tower = Adam(0.01) / SGD(1e-4)
      let joined = try run(device, tower)
      #expect(try run(device, tower) { $0.joinsPhases = false }.bits == joined.bits)
    }
  }

  /// What the first phase of a replay writes beside the last one of the replay before takes no memory
  /// that this one still needs.
  @Test func replaysBeginAhead() throws {
    let side = 20
    var program = Program()
    let source = Span(buffer: program.addBuffer(.real, count: side * side))
    let total = Span(buffer: program.addBuffer(.real, count: side * side))
    let steps = (0..<3).map { _ in Span(buffer: program.addTemporary(count: side * side)) }
    /// result[i, j] = inputs[0][j, i] + inputs[1][i, j]
    func add(_ inputs: [Span], into result: Span) {
      var nest = LoopNest(keptShape: [side, side], reducedShape: [])
      nest.inputs = zip(inputs, [[1, side], [side, 1]]).map { .load($0, strides: $1) }
      let operands = inputs.indices.map { nest.graph.append(.input($0)) }
      let sum = operands.dropFirst().reduce(operands[0]) {
        nest.graph.append(.binary(.add, $0, $1))
      }
      nest.outputs = [.init(node: sum, span: result, isFull: false, stage: 0)]
      program.instructions.append(.loopNest(nest))
    }
    add([source], into: steps[0])
    add([steps[0]], into: steps[1])
    add([steps[1], steps[1]], into: steps[2])
    add([steps[2], total], into: total)
    let values = (0..<side * side).map(Float.init)
    for device in try OpenCLDevice.all() {
      var profile = DeviceProfile.cpu
      profile.cutsRows = false
      profile.computeUnits = 1
      let works = DeviceWork.all(of: &program, profile)
      let plan = LaunchPlan(works, fuses: true, profile)
      #expect(plan.launches.count == 4 && plan.canBeginAhead)
      let backend = try OpenCLBackend(device, profile: profile)
      let arrays = try [values, [Float](repeating: 0, count: side * side)].map {
        let array = try backend.allocate(.real, count: side * side)
        try backend.write(.float32($0), to: array, at: 0)
        return array
      }
      try backend.run(try backend.prepare(program, alternatives: [arrays]), from: 0, count: 11)
      let result = try backend.read(0..<side * side, of: arrays[1])
      let expected = (0..<side * side).map {
        11 * (values[$0] + values[$0 % side * side + $0 / side])
      }
      #expect(result == .float32(expected))
    }
  }

  /// Kernels for GPUs, too, of which PoCL's compiler bears neither works with barriers side by side
  /// nor phases of them. Oclgrind, which does, takes a minute for a few steps.
  @Test(arguments: TestBackend.openCL)
  func kernelsForGPUs(_ backend: TestBackend) throws {
    let device = try #require(backend.make() as? OpenCLBackend).context.device
    let steps = device.name.contains("Oclgrind") ? 3 : 23
    let tower = SGDPerParameter(0.1) / Adam(0.01)
    func run(_ change: (inout DeviceProfile) -> Void) throws -> (
      bits: [[UInt32]], losses: [Double]
    ) {
      try self.run(device, tower, profile: .gpu, steps: steps, change)
    }
    let native = try self.run(device, tower, steps: steps)
    let separate = try run { $0.mergesBarriers = false }
    assertClose(separate.losses, native.losses, .relative(1e-5), "kernels for GPUs")
    let uncut = try run {
      $0.mergesBarriers = false
      $0.cutsRows = false
    }
    #expect(uncut.bits == separate.bits, "blocks of rows")
    if TestBackend.isPoCL(device) { return }
    #expect(try run { _ in }.bits == separate.bits, "works side by side")
    for computeUnits in [1, 16] {
      let apart = try run { $0.computeUnits = computeUnits }
      let joined = try run {
        $0.joinsPhases = true
        $0.computeUnits = computeUnits
      }
      #expect(joined.bits == apart.bits, "phases in one launch, \(computeUnits) compute units")
      // Where gathering is a phase of its own, it runs beside the last one of the step before.
      let ahead = try run {
        $0.cutsRows = false
        $0.joinsPhases = true
        $0.computeUnits = computeUnits
      }
      #expect(ahead.bits == apart.bits, "the next batch ahead, \(computeUnits) compute units")
    }
  }

  /// Without upper levels nothing is summed in another order.
  @Test func fusingChangesNoBit() throws {
    for device in try OpenCLDevice.all() {
      for tower in [SGD(0.1).tower, Adam(0.01).tower] {
        let fused = try run(device, tower)
        #expect(try run(device, tower, fuses: false).bits == fused.bits)
        #expect(try run(device, tower) { $0.cutsRows = false }.bits == fused.bits)
      }
      let fused = try run(device, Adam(0.01) / Adam())
      let unfused = try run(device, Adam(0.01) / Adam(), fuses: false)
      assertClose(unfused.losses, fused.losses, .relative(1e-5), "a tower")
    }
  }

  /// More layers than a kernel takes arguments.
  @Test func manyLayers() throws {
    for backend in TestBackend.native {
      let trainer = try Trainer(
        DenseNetwork(widths: [20] + [Int](repeating: 6, count: 60) + [5]),
        loss: .negativeLogLikelihood, optimizer: SGD(0.1) / SGD(0.01), on: backend.device(),
        seed: 3)
      var losses: [Double] = []
      try trainer.train(on: Self.data(isSparse: false), batchSize: 50, steps: 4) {
        losses += $0.map(\.loss)
      }
      #expect(losses.count == 4 && losses.allSatisfy { $0 > 0 && $0 < 3 }, "\(backend.name)")
    }
  }

  /// Tiles of every size, of operands that end within and at their edges, whole and in parts.
  @Test func tilesInLocalMemory() throws {
    var random = SeededRandom(52)
    for device in try OpenCLDevice.all() {
      let sizes = [(130, 515, 65), (128, 512, 64)]
      for (number, (left, right)) in [(false, true), (true, false)].enumerated() {
        for splits in [false, true] {
          // Splits are tried at the odd sizes with both, whole sums at each with one of them.
          for (m, k, n) in splits && !isStressed ? [sizes[0]] : sizes.some(1, from: number) {
            let a = random.tensor(left ? [k, m] : [m, k])
            let b = random.tensor(right ? [n, k] : [k, n])
            let product = a.matmul(b, transposeLeft: left, transposeRight: right)
            for (tile, perItem) in [(32, 2), (64, 4), (128, 8)] {
              var profile = TestBackend.gpu(on: device)
              let shape = ProductShape(
                rows: m, inner: k, columns: n, isLeftTransposed: left, isRightTransposed: right)
              profile.choices.products[shape] = .localMemory(
                tile: tile, perItem: perItem, splits: splits)
              let backend = TestBackend(name: "tiles", isDouble: false, isNative: false) {
                [profile] in try OpenCLBackend(device, profile: profile)
              }
              let name = "\(shape), tiles of \(tile), split: \(splits)"
              try expectAgreement([OperationCase(name, product.tanh(), .summing)], on: backend)
            }
          }
        }
      }
    }
  }

  /// Long sums of transposed operands are done in passes, packed operands in panels.
  @Test func longProducts() throws {
    var random = SeededRandom(51)
    let (a, b) = (random.tensor([2500, 19]), random.tensor([2500, 33]))
    for device in try OpenCLDevice.all() {
      for schedule in [nil, (true, false), (false, true), (true, true)] as [(Bool, Bool)?] {
        var profile = DeviceProfile.cpu
        if let (left, right) = schedule {
          let shape = ProductShape(
            rows: 19, inner: 2500, columns: 33, isLeftTransposed: true, isRightTransposed: false)
          profile.choices.products[shape] = .tiles(
            prefetchTerms: 6, packsLeft: left, packsRight: right)
        }
        let backend = TestBackend(name: "opencl as tuned", isDouble: false, isNative: false) {
          [profile] in try OpenCLBackend(device, profile: profile)
        }
        try expectAgreement(
          [
            OperationCase(
              "long", a.matmul(b, transposeLeft: true).tanh() + a.matmul(b, transposeLeft: true),
              .summing)
          ], on: backend)
      }
    }
  }
}
