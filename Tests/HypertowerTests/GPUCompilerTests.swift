import FoundationEssentials
import Glibc
import Testing

@testable import Hypertower

private let folder = getenv("HYPERTOWER_KERNELS_FOLDER").map { String(cString: $0) }

/// Writes the kernels for GPUs into a folder that `HYPERTOWER_KERNELS_FOLDER` names, for other compilers
/// than those of the drivers at hand: see `make compilers`.
@Suite(.enabled(if: folder != nil)) struct GPUCompilerTests {
  /// Keeps the programs that are prepared, and runs them on the CPU.
  private final class RecordingBackend: Backend {
    private(set) var programs: [Program] = []
    private let base = CPUBackend<Float>()

    var description: String { base.description }
    var realSize: Int { base.realSize }
    var largestArray: Int { base.largestArray }
    var memorySize: Int { base.memorySize }

    func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray {
      base.allocate(type, count: count)
    }
    func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) throws {
      base.write(values, to: array, at: offset)
    }
    func send(
      _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
    ) throws -> any Transfer {
      base.send(numbers, to: array, at: offset)
    }
    func read(_ range: Range<Int>, of array: any DeviceArray) throws -> HostArray {
      base.read(range, of: array)
    }
    func receive(
      _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
    ) throws -> any Transfer {
      base.receive(range, of: array, into: bytes)
    }
    func prepare(
      _ program: Program, alternatives: [[(any DeviceArray)?]]
    ) throws -> any Executable {
      programs.append(program)
      return base.prepare(program, alternatives: alternatives)
    }
    func run(_ executable: any Executable, from alternative: Int, count: Int) throws {
      base.run(executable, from: alternative, count: count)
    }
    func synchronize() throws { base.synchronize() }
  }

  /// The programs of a step and of an evaluation.
  private func programs(
    widths: [Int], activation: Activation, loss: Loss, _ tower: Tower
  ) throws -> [Program] {
    let backend = RecordingBackend()
    let isRegression = loss.name == Loss.meanSquaredError.name
    let count = 300
    var random = SeededRandom(7)
    let data = Dataset(
      count: count, featureCount: widths[0],
      features: isRegression
        ? .floats(random.floats(count * widths[0], in: -1...1))
        : .bytes((0..<count * widths[0]).map { UInt8(truncatingIfNeeded: $0) }),
      targets: isRegression
        ? .values(random.floats(count * widths.last!, in: -1...1), width: widths.last!)
        : .classes((0..<count).map { Int32($0 % widths.last!) }, classCount: widths.last!))
    let trainer = try Trainer(
      DenseNetwork(
        widths: widths, activation: activation,
        endsInLogSoftmax: loss.name == Loss.negativeLogLikelihood.name),
      loss: loss, optimizer: tower,
      on: Device(name: "recording", backend: backend), seed: 3)
    try trainer.train(on: data, batchSize: 300, steps: 1)
    if !isRegression { _ = try trainer.accuracy(on: data) }
    return backend.programs
  }

  @Test func writesKernels() throws {
    let folder = try #require(folder)
    let everyRule: Tower =
      SGDPerParameter(0.1) / Adam() / AdaGrad(0.1) / RMSProp(0.1) / SGD(0.1, momentum: 0.5)
    // With so many levels that they do not fit into local memory.
    let tall = (0..<150).reduce(everyRule) { tower, _ in tower / Adam() }
    var random = SeededRandom(8)
    let attention = AttentionTests.selfAttention(random.tensor([2, 72, 3 * 8]))
    let programs =
      try programs(
        widths: [784, 128, 10], activation: .tanh,
        loss: .negativeLogLikelihood, Adam() / Adam())
      + self.programs(
        widths: [65, 33, 17, 3], activation: .relu, loss: .meanSquaredError, tall)
      + [Program(computing: attention)]
    var profile = DeviceProfile.gpu
    profile.computeUnits = 132
    var count = 0
    var walks: Set<Bool> = []
    for (number, program) in programs.enumerated() {
      for (tile, perItem) in [(nil, nil), (64, 4), (128, 8)] as [(Int?, Int?)] {
        for instruction in program.instructions {
          guard case .matrixProduct(let product) = instruction else { continue }
          profile.choices.products[ProductShape(product)] =
            tile.map { .localMemory(tile: $0, perItem: perItem!, splits: false) }
        }
        for isJoined in [false, true] {
          var program = program
          let works = DeviceWork.all(of: &program, profile)
          let plan = LaunchPlan(works, fuses: true, profile)
          var source = KernelSource(program.buffers)
          if isJoined {
            let launch = LaunchCode.joinedLaunch(
              plan, of: works, profile, varying: [], alternatives: 2, mostReplays: 8, &source)
            try #require(launch != nil)
          } else {
            _ = LaunchCode.launches(plan, of: works, profile, joinsPhases: false, &source)
          }
          let name =
            "program\(number)-\(tile.map { "tiles\($0)" } ?? "defaults")-"
            + (isJoined ? "joined" : "separate")
          for isLocal in [false, true]
          where source.text.contains("#define IN_LOCAL_MEMORY \(isLocal ? 1 : 0)\n") {
            walks.insert(isLocal)
          }
          let text =
            "#define WIDTH \(profile.width)\n#define GROUP_SIZE \(profile.groupSize)\n"
            + source.text
          try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name).cl"))
          count += 1
        }
      }
    }
    #expect(walks == [false, true])
    #expect(count == 6 * programs.count && programs.count >= 4)
  }
}
