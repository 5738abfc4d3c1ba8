import OpenCL
import Testing

@testable import Hypertower

/// Loops of which work-groups take blocks of rows through all passes.
@Suite struct RowLoopTests {
  /// The results of a loop and the gradients of its operands.
  private static func results(of own: ScanTests.Case) -> [Tensor] {
    var random = SeededRandom(31)
    let tensors = ScanTests.tensors(own, &random)
    let results = ScanTests.results(own, tensors, isReversed: false, unrolled: false)
    let loss = results.reduce(Tensor.constant(0)) { $0 + ($1 * $1).sum() }
    return results + gradients(of: loss, withRespectTo: tensors)
  }

  /// For each loop of a program whether it goes by rows.
  private static func loops(_ own: ScanTests.Case, _ profile: DeviceProfile) -> [Bool] {
    var program = Program(computing: results(of: own))
    return DeviceWork.all(of: &program, profile).compactMap { work in
      switch work.kind {
      case .loop: false
      case .rowLoop: true
      default: nil
      }
    }
  }

  @Test func rowsThatNeedNoOthersGoTheirOwnWay() {
    for own in [ScanTests.gates(of: 16), ScanTests.gates(of: 20)] {
      #expect(Self.loops(own, .cpu) == [true, true], "\(own.name)")
    }
    #expect(Self.loops(ScanTests.mixedRows, .cpu) == [false, false])
    var profile = DeviceProfile.cpu
    profile.computeUnits = 8
    #expect(Self.loops(ScanTests.gates(of: 16), profile) == [false, false], "too few rows")
    profile = .cpu
    profile.mostArguments = 4
    #expect(Self.loops(ScanTests.gates(of: 16), profile) == [false, false], "too many arguments")
  }

  @Test func blocksOfRowsChangeNoBit() throws {
    for device in try OpenCLDevice.all() {
      for own in [ScanTests.gates(of: 20), ScanTests.mixedRows] {
        func bits(_ change: (inout DeviceProfile) -> Void) throws -> [[UInt32]] {
          var profile = DeviceProfile.cpu
          change(&profile)
          let backend = try OpenCLBackend(device, profile: profile)
          return try Tensor.evaluate(Self.results(of: own), on: backend).map {
            $0.doubles.map { Float($0).bitPattern }
          }
        }
        let standard = try bits { _ in }
        #expect(try bits { $0.cutsRows = false } == standard, "\(own.name), not cut")
        #expect(try bits { $0.computeUnits = 1 } == standard, "\(own.name), one work-group")
        #expect(try bits { $0.joinsPhases = false } == standard, "\(own.name), launches")
        #expect(
          try bits { $0.choices.tileRows[35] = 5 } == standard, "\(own.name), blocks of 5 rows")
      }
    }
  }

  /// So it does where several paths lead through a costly function, such as to e / (1 + e).
  @Test func pathsTogetherComputeNoCostlyFunctionAgain() {
    let own = ScanTests.Case(
      name: "a quotient", initial: [[35, 16]], inputs: [[3, 35, 16]], captures: []
    ) { states, inputs, _ in
      let e = (states[0] + inputs[0]).exp()
      let h = e / (1 + e)
      return ([h], [h])
    }
    let program = Program(computing: Self.results(of: own))
    let divisions = program.instructions.compactMap { instruction -> Int? in
      guard case .loop(let loop) = instruction else { return nil }
      return loop.body.reduce(0) { count, instruction in
        guard case .loopNest(let nest) = instruction else { return count }
        return count
          + nest.graph.nodes.count { node in
            switch node {
            case .binary(.divide, _, _), .unary(.exponential, _): true
            default: false
            }
          }
      }
    }
    #expect(divisions == [2, 2])
  }

  /// The loop back finds what costs much in memory, and writes parts of a gradient down before it joins them.
  @Test func gradientsComputeNoCostlyFunctionAgain() {
    let program = Program(computing: Self.results(of: ScanTests.gates(of: 16)))
    let bodies = program.instructions.compactMap { instruction -> [Instruction]? in
      guard case .loop(let loop) = instruction else { return nil }
      return loop.body
    }
    #expect(bodies.count == 2)
    let nests = bodies.map { body in
      body.compactMap { instruction -> LoopNest? in
        guard case .loopNest(let nest) = instruction else { return nil }
        return nest
      }
    }
    let costly = nests.map { own in
      own.flatMap(\.graph.nodes).count { node in
        switch node {
        case .unary(.sigmoid, _), .unary(.tanh, _): true
        default: false
        }
      }
    }
    #expect(costly == [5, 0])
    let joining = nests[1].filter { nest in
      nest.inputs.contains { if case .boundedLoad = $0 { true } else { false } }
    }
    #expect(joining.count == 1)
    for node in joining.flatMap(\.graph.nodes) {
      switch node {
      case .input, .binary(.add, _, _): continue
      default: Issue.record("\(node) where parts are joined")
      }
    }
  }
}
