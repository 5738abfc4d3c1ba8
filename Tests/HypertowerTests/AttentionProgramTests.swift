import Glibc
import OpenCL
import Testing

@testable import Hypertower

/// What transformers compile into, and how it is cut.
@Suite struct AttentionProgramTests {
  private static func inputs() -> [Tensor] {
    var random = SeededRandom(31)
    return (0..<3).map { _ in random.tensor([12, 4, 32, 16]) }
  }

  private static func attention(_ inputs: [Tensor]) -> Tensor {
    inputs[0].attention(keys: inputs[1], values: inputs[2], isCausal: true)
  }

  /// - Parameter program: gets what the works need besides.
  private func plan(_ program: inout Program) -> (works: [DeviceWork], plan: LaunchPlan) {
    let works = DeviceWork.all(of: &program, .cpu)
    return (works, LaunchPlan(works, fuses: true, .cpu))
  }

  /// Packed keys, scores, their softmax and the means of values: a work-group takes whole heads.
  @Test func headsGoThroughAllWorks() {
    var program = Program(computing: [Self.attention(Self.inputs())])
    let (works, plan) = plan(&program)
    #expect(works.count == 4)
    #expect(works.map(\.rowCount) == [48, 48, 48, 48])
    #expect(plan.launches.map { $0.map(\.works) } == [[[0, 1, 2, 3]]])
  }

  /// However heads are shared, attention and what it sends back have the same bits.
  @Test func sharesChangeNoBit() throws {
    for device in try OpenCLDevice.all() {
      func bits(_ change: (inout DeviceProfile) -> Void) throws -> [[UInt64]] {
        var profile = DeviceProfile.cpu
        change(&profile)
        let own = try OpenCLBackend(device, profile: profile)
        let inputs = Self.inputs()
        let result = Self.attention(inputs)
        let all = [result] + gradients(of: (result * result).sum(), withRespectTo: inputs)
        return try Tensor.evaluate(all, on: own).map { $0.doubles.map(\.bitPattern) }
      }
      let one = try bits { $0.computeUnits = 1 }
      for workers in [2, 7] {
        #expect(try bits { $0.computeUnits = workers } == one, "\(workers) work-groups")
      }
      #expect(try bits { $0.joinsPhases = false } == one)
      #expect(try bits { $0.cutsRows = false } == one)
    }
  }

  /// Of gelu, the forward product stores its values and its derivative.
  @Test func derivativesOfSeveralPathsAreOneFactor() {
    var random = SeededRandom(32)
    let (x, up, down) = (
      random.tensor([40, 8]), random.tensor([8, 24]), random.tensor([24, 4])
    )
    let loss = x.matmul(up).gelu().matmul(down).tanh().sum()
    let program = Program(computing: [loss] + gradients(of: loss, withRespectTo: [x, up, down]))
    let first = program.instructions.compactMap { instruction -> MatrixProduct? in
      guard case .matrixProduct(let product) = instruction else { return nil }
      return product
    }.first
    #expect(first?.outputs.count == 2)
  }

  /// What lies between a tensor and a result may be read elsewhere, or its own derivative be wanted.
  @Test func innerValuesKeepTheirDerivatives() throws {
    let numbers = [0.5, -1, 2]
    let x = Tensor(numbers.map { Float($0) })
    let gate = x.sigmoid()
    let gated = (x * gate).sum()
    let own = try gradients(of: gated + gate.sum() * 3, withRespectTo: [x])[0].array()
    let ofGate = try gradients(of: gated, withRespectTo: [x, gate])[1].array()
    for (number, x) in numbers.enumerated() {
      let gate = 1 / (1 + exp(-x))
      #expect((Double(own[number]) - (gate + (x + 3) * gate * (1 - gate))).magnitude < 1e-6)
      #expect((Double(ofGate[number]) - x).magnitude < 1e-6)
    }
  }

  /// The transposed tensor that a reshape needs is the operand already.
  @Test func storedOperandsAreNotCopiedAgain() {
    var random = SeededRandom(33)
    let product = random.tensor([8, 3]).matmul(random.tensor([3, 5])).reshaped([4, 2, 5])
    let right = product.transposed([1, 0, 2]).reshaped([8, 5])
    let program = Program(computing: [random.tensor([6, 8]).matmul(right)])
    #expect(program.instructions.map(\.kind) == ["matrix product", "loop nest", "matrix product"])
  }

  // MARK: Kernels

  private func launch(
    of tensors: [Tensor]
  ) -> (launch: KernelSource.Launch?, source: KernelSource) {
    var program = Program(computing: tensors)
    let (works, plan) = plan(&program)
    var source = KernelSource(program.buffers)
    let launch = LaunchCode.joinedLaunch(
      plan, of: works, .cpu, varying: [], alternatives: 1, mostReplays: 8, &source)
    return (launch, source)
  }

  /// Layers of equal sizes are the same functions, of other memory.
  @Test func equalLayersShareSections() {
    func sections(layers: Int) -> Int {
      var random = SeededRandom(34)
      let start = random.tensor([40, 16])
      let result = (0..<layers).reduce(start) { x, _ in x.matmul(random.tensor([16, 16])).tanh() }
      let text = launch(of: [result]).source.text
      return text.split(separator: "\n").count { $0.hasPrefix("#define SECTION section") }
    }
    #expect(sections(layers: 2) == 1)
    #expect(sections(layers: 5) == 1)
  }

  /// A work-group that leaves a long step is back in the next.
  @Test func longStepsAreLaunchesOfTheirOwn() {
    func mostReplays(side: Int) -> Int? {
      let square = Tensor(repeating: 1, shape: [side, side]) * Tensor([0.5])
      return launch(of: [square.matmul(square)]).launch?.mostReplays
    }
    #expect(mostReplays(side: 64) == 8)
    #expect(mostReplays(side: 1024) == 1)
    #expect(mostReplays(side: 2048) == 1)
  }

  /// PoCL compiles a kernel three times, and a function that it calls once.
  @Test func kernelsAreCallsOfFunctions() throws {
    var random = SeededRandom(35)
    let text = launch(of: [random.tensor([40, 16]).matmul(random.tensor([16, 16]))]).source.text
    let kernel = try #require(text.firstRange(of: "\nkernel "))
    let lines = text[kernel.upperBound...].split(separator: "\n")
    #expect(
      lines.count == 3 && lines[1].hasPrefix("  kernel0_body(get_group_id(0), get_num_groups(0)"))
  }
}
