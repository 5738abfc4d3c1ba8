import OpenCL
import Synchronization
import Testing

@testable import Hypertower

/// Programs with as many buffers as a kernel takes arguments, and with more.
@Suite struct ArgumentLimitTests {
  private static let length = 40

  /// A program of elementwise work on `count` buffers: each nest copies one into the next, and the
  /// last adds two if there are three left.
  private static func program(buffers count: Int) -> (program: Program, sums: [Int: [Int]]) {
    var program = Program()
    let spans = (0..<count).map { _ in Span(buffer: program.addBuffer(.real, count: length)) }
    var sums: [Int: [Int]] = [:]
    for first in stride(from: 0, to: count - 1, by: 2) {
      let last = count - first == 3 ? first + 2 : first + 1
      sums[last] = Array(first..<last)
      var nest = LoopNest(keptShape: [length], reducedShape: [])
      nest.inputs = (first..<last).map { .load(spans[$0], strides: [1]) }
      let operands = nest.inputs.indices.map { nest.graph.append(.input($0)) }
      let sum = operands.dropFirst().reduce(operands[0]) {
        nest.graph.append(.binary(.add, $0, $1))
      }
      nest.outputs = [.init(node: sum, span: spans[last], isFull: false, stage: 0)]
      program.instructions.append(.loopNest(nest))
      if last == count - 1 { break }
    }
    return (program, sums)
  }

  /// The number of launches of the program in a plan.
  private func launchCount(buffers: Int, limit: Int, fuses: Bool = true) -> Int {
    var program = Self.program(buffers: buffers).program
    var profile = DeviceProfile.cpu
    profile.mostArguments = limit
    let works = DeviceWork.all(of: &program, profile)
    return LaunchPlan(works, fuses: fuses, profile).launches.count
  }

  @Test func onlyWhatIsTooMuchGoesIntoAnotherLaunch() {
    for limit in [12, 120] {
      for buffers in [limit - 1, limit] {
        #expect(launchCount(buffers: buffers, limit: limit) == 1, "\(buffers) of \(limit)")
      }
      for buffers in [limit + 1, 2 * limit] {
        #expect(launchCount(buffers: buffers, limit: limit) == 2, "\(buffers) of \(limit)")
      }
      #expect(launchCount(buffers: 2 * limit, limit: limit, fuses: false) == limit)
    }
  }

  /// With three arguments of its own, a launch for several replays reaches the limit first; beyond
  /// it, the user is told, and the results are the same.
  @Test func aStepThatIsNoSingleLaunchIsReported() throws {
    for device in try OpenCLDevice.all() {
      for (buffers, limit) in [
        (9, 12), (10, 12), (13, 12), (116, 120), (117, 120), (118, 120), (120, 120), (121, 120),
      ] {
        var profile = DeviceProfile.cpu
        profile.mostArguments = limit
        let warnings = Mutex<[String]>([])
        let backend = try OpenCLBackend(
          device, profile: profile, warn: { line in warnings.withLock { $0.append(line) } })
        let (program, sums) = Self.program(buffers: buffers)
        let arrays = try (0..<buffers).map { buffer in
          let array = try backend.allocate(.real, count: Self.length)
          let values = (0..<Self.length).map { Float(1000 * buffer + $0) }
          try backend.write(.float32(values), to: array, at: 0)
          return array
        }
        let executable = try backend.prepare(program, arrays: arrays)
        try backend.run(executable)
        for (result, terms) in sums {
          let expected = (0..<Self.length).map { i in
            terms.reduce(Float(0)) { $0 + Float(1000 * $1 + i) }
          }
          #expect(
            try backend.read(0..<Self.length, of: arrays[result]) == .float32(expected),
            "\(buffers) buffers")
        }
        // A second program does not repeat the line.
        _ = try backend.prepare(program, arrays: arrays)
        let lines = warnings.withLock { $0 }
        if buffers + 3 <= limit || !backend.joinsPhases {
          #expect(lines.isEmpty, "\(buffers) of \(limit): \(lines)")
        } else {
          #expect(lines.count == 1, "\(buffers) of \(limit)")
          #expect(lines.first?.contains("\(buffers + 3) kernel arguments") == true)
        }
      }
    }
  }

  /// A chain of more temporaries than a kernel takes arguments: together they are one.
  @Test func temporariesAreOneArgument() throws {
    for device in try OpenCLDevice.all() {
      var profile = DeviceProfile.cpu
      profile.mostArguments = 12
      let warnings = Mutex<[String]>([])
      let backend = try OpenCLBackend(
        device, profile: profile, warn: { line in warnings.withLock { $0.append(line) } })
      var program = Program()
      let (first, last) = (
        Span(buffer: program.addBuffer(.real, count: Self.length)),
        Span(buffer: program.addBuffer(.real, count: Self.length))
      )
      var sum = first
      for number in 1...30 {
        // Sizes that are no multiple of a slot's alignment.
        let next =
          number == 30
          ? last : Span(buffer: program.addTemporary(count: Self.length + number))
        var nest = LoopNest(keptShape: [Self.length], reducedShape: [])
        nest.inputs = [.load(first, strides: [1]), .load(sum, strides: [1])]
        let operands = nest.inputs.indices.map { nest.graph.append(.input($0)) }
        nest.outputs = [
          .init(
            node: nest.graph.append(.binary(.add, operands[0], operands[1])), span: next,
            isFull: false, stage: 0)
        ]
        program.instructions.append(.loopNest(nest))
        sum = next
      }
      let arrays = try (0..<2).map { _ in try backend.allocate(.real, count: Self.length) }
      let values = (0..<Self.length).map(Float.init)
      try backend.write(.float32(values), to: arrays[0], at: 0)
      try backend.run(try backend.prepare(program, arrays: arrays))
      #expect(
        try backend.read(0..<Self.length, of: arrays[1]) == .float32(values.map { 31 * $0 }))
      #expect(warnings.withLock { $0.isEmpty })
    }
  }

  /// Numbers and tables count, too.
  @Test func launchesOfDeepNetworksAreSplit() throws {
    func losses(_ device: Device) throws -> [Double] {
      let trainer = try Trainer(
        DenseNetwork(widths: [9, 6, 6, 6, 6, 4]), loss: .negativeLogLikelihood,
        optimizer: Adam(0.01) / SGD(0.01), on: device, seed: 3)
      var losses: [Double] = []
      try trainer.train(on: Self.data, batchSize: 20, steps: 3) { losses += $0.map(\.loss) }
      return losses
    }
    let expected = try losses(.cpu)
    #expect(expected.count == 3)
    for device in try OpenCLDevice.all() {
      var profile = DeviceProfile.cpu
      profile.mostArguments = 16
      profile.joinsPhases = false
      let own = Device(name: "opencl", backend: try OpenCLBackend(device, profile: profile))
      assertClose(try losses(own), expected, .relative(1e-5), "at most 16 arguments")
    }
  }

  private static let data = Dataset(
    count: 60, featureCount: 9,
    features: .bytes((0..<540).map { UInt8(truncatingIfNeeded: $0 * 89 ^ ($0 / 9) * 31) }),
    targets: .classes((0..<60).map { Int32($0 * $0 % 4) }, classCount: 4))
}
