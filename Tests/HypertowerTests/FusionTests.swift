import Hypertower
import Testing

/// Random expression graphs, put together into launches and one launch an operation, against the
/// reference: what Schedule, Emitter, Lowering and MemoryPlan make of a tape.
@Suite struct FusionTests {
  private static let graphSize = 14

  private struct Graph {
    let seed: UInt64
    let outputs: [Tensor]
    let reference = ReferenceEvaluator()

    /// - Parameter isPartial: whether mostly parts of tensors are asked for.
    init(seed: UInt64, folds: Bool, isPartial: Bool = false) {
      self.seed = seed
      var generator = GraphGenerator(seed: seed, folds: folds, reference: reference)
      outputs =
        isPartial
        ? generator.partialOutputs(size: FusionTests.graphSize)
        : generator.outputs(size: FusionTests.graphSize)
    }

    /// Expects results within twice the first-order error bound, and exact ones where it is 0.
    func expect(_ results: [HostArray], on backend: TestBackend, _ how: String) {
      for (number, (output, result)) in zip(outputs, results).enumerated() {
        let expected = reference(output)
        assertClose(
          result.doubles, expected.values,
          .each(expected.errors.map { $0 * (backend.isDouble ? 0x1p-27 : 2) }),
          "graph \(seed), output \(number) \(output.shape), \(how), on \(backend.name)")
      }
    }
  }

  /// The compiler is one for all backends; on the CPU, graphs cost next to nothing.
  @Test(arguments: [TestBackend.cpu, .cpu64])
  func manyGraphs(_ backend: TestBackend) throws {
    for seed in 1...600 as ClosedRange<UInt64> where isStressed || seed.isMultiple(of: 2) {
      let graph = Graph(seed: seed, folds: true, isPartial: seed > 400)
      for fuses in [true, false] {
        graph.expect(
          try Tensor.evaluate(graph.outputs, on: backend.make(), fuses: fuses), on: backend,
          fuses ? "fused" : "unfused")
      }
    }
  }

  /// On devices, kernels have to be built: fewer graphs, several in one program.
  @Test(arguments: TestBackend.openCL + TestBackend.otherProfiles)
  func graphsOnDevices(_ backend: TestBackend) throws {
    let count = backend.isNative ? 30 : 8
    try expect((1...count).map { Graph(seed: UInt64($0), folds: true) }, on: backend, fuses: true)
    try expect((31...33).map { Graph(seed: UInt64($0), folds: true) }, on: backend, fuses: false)
  }

  /// Of tensors of which but a part is read.
  @Test(arguments: TestBackend.openCL + TestBackend.otherProfiles)
  func partsOnDevices(_ backend: TestBackend) throws {
    let graphs = (401...(backend.isNative ? 430 : 408)).map {
      Graph(seed: UInt64($0), folds: true, isPartial: true)
    }
    try expect(graphs, on: backend, fuses: true)
  }

  private func expect(_ graphs: [Graph], on backend: TestBackend, fuses: Bool) throws {
    var results = try Tensor.evaluate(
      graphs.flatMap(\.outputs), on: try backend.make(), fuses: fuses)[...]
    for graph in graphs {
      graph.expect(
        Array(results.prefix(graph.outputs.count)), on: backend, fuses ? "fused" : "unfused")
      results = results.dropFirst(graph.outputs.count)
    }
  }

  /// Elementwise work rounds alike however it is cut into launches.
  @Test(arguments: TestBackend.all)
  func elementwiseGraphsAreBitIdentical(_ backend: TestBackend) throws {
    let isHost = TestBackend.openCL.allSatisfy { $0.name != backend.name } && backend.isNative
    let graphs = (2001...(isHost ? 2300 : backend.isNative ? 2012 : 2004)).map {
      Graph(seed: UInt64($0), folds: false, isPartial: $0.isMultiple(of: 2))
    }
    let outputs = graphs.flatMap(\.outputs)
    let device = try backend.make()
    let fused = try Tensor.evaluate(outputs, on: device)
    let unfused = try Tensor.evaluate(outputs, on: device, fuses: false)
    for (number, (a, b)) in zip(fused, unfused).enumerated() {
      assertClose(a.doubles, b.doubles, .exact, "output \(number) on \(backend.name)")
    }
    try expect(graphs, on: backend, fuses: true)
  }
}
