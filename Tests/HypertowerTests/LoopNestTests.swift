import Testing

@testable import Hypertower

/// Loop nests with as few dimensions as their loads allow do what they did with all of them.
@Suite struct LoopNestTests {
  /// A nest that loads from one buffer and stores to another.
  private func nest(
    kept: Shape, reduced: Shape = [], loads: [[Int]], coordinate: Int? = nil
  ) -> LoopNest {
    var nest = LoopNest(keptShape: kept, reducedShape: reduced)
    nest.inputs = loads.map { .load(Span(buffer: 0), strides: $0) }
    if let coordinate { nest.inputs.append(.coordinate(dimension: coordinate)) }
    let inputs = nest.inputs.indices.map { nest.graph.append(.input($0)) }
    let value = inputs.dropFirst().reduce(inputs[0]) { nest.graph.append(.binary(.add, $0, $1)) }
    if reduced.isEmpty {
      nest.outputs = [.init(node: value, span: Span(buffer: 1), isFull: false, stage: 0)]
    } else {
      nest.reductions = [.init(kind: .sum, value: value, stage: 0)]
      nest.inputs.append(.reduction(0))
      let result = nest.graph.append(.input(nest.inputs.count - 1))
      nest.outputs = [.init(node: result, span: Span(buffer: 1), isFull: false, stage: 0)]
    }
    return nest
  }

  @Test func dimensionsMerge() {
    func shapes(_ nest: LoopNest) -> [Shape] {
      let nest = nest.coalesced(keepingRows: false)
      return [nest.keptShape, nest.reducedShape]
    }
    #expect(shapes(nest(kept: [2, 3, 4], loads: [[12, 4, 1]])) == [[24], []])
    #expect(shapes(nest(kept: [2, 1, 4], loads: [[4, 4, 1]])) == [[8], []])
    // A transpose and a broadcast keep their axes apart.
    #expect(shapes(nest(kept: [3, 4], loads: [[1, 3]])) == [[3, 4], []])
    #expect(shapes(nest(kept: [3, 4], loads: [[4, 1], [0, 1]])) == [[3, 4], []])
    #expect(shapes(nest(kept: [2, 3, 4], loads: [[12, 4, 1], [0, 0, 1]])) == [[6, 4], []])
    // Kept and reduced dimensions do not mix; neither do those of coordinates with others.
    #expect(shapes(nest(kept: [2, 3], reduced: [4, 5], loads: [[60, 20, 5, 1]])) == [[6], [20]])
    #expect(shapes(nest(kept: [2, 3], loads: [[3, 1]], coordinate: 1)) == [[2, 3], []])
    // There is always a kept dimension, and a reduced one where there was one.
    #expect(shapes(nest(kept: [], loads: [[]])) == [[1], []])
    #expect(shapes(nest(kept: [1], reduced: [1, 1], loads: [[1, 1, 1]])) == [[1], [1]])
  }

  @Test func rowsStay() {
    let rows = nest(kept: [1, 2, 3, 4], loads: [[24, 12, 4, 1]]).coalesced(keepingRows: true)
    #expect(rows.keptShape == [2, 12])
    let sums = nest(kept: [2, 3], reduced: [4, 5], loads: [[60, 20, 5, 1]])
    #expect(sums.coalesced(keepingRows: true).keptShape == [2, 3])
    #expect(sums.coalesced(keepingRows: true).reducedShape == [20])
  }

  @Test func coalescedNestsComputeTheSame() throws {
    var random = SeededRandom(31)
    for _ in 0..<300 {
      func shape(_ ranks: ClosedRange<Int>) -> Shape {
        (0..<Int.random(in: ranks, using: &random)).map { _ in
          [1, 1, 2, 3, 5].randomElement(using: &random)!
        }
      }
      let (kept, reduced) = (shape(1...3), shape(0...2))
      let full = kept + reduced
      let loads = (0..<Int.random(in: 1...3, using: &random)).map { _ -> [Int] in
        let strides = full.contiguousStrides
        return full.indices.map { _ in 0 }.enumerated().map { axis, _ in
          switch Int.random(in: 0..<4, using: &random) {
          case 0: 0
          case 1: Int.random(in: 0...3, using: &random)
          default: strides[axis]
          }
        }
      }
      let coordinate = full.indices.randomElement(using: &random)
      let nest = nest(kept: kept, reduced: reduced, loads: loads, coordinate: coordinate)
      let values = try run(nest)
      for keepingRows in [false, true] {
        let coalesced = try run(nest.coalesced(keepingRows: keepingRows))
        assertClose(coalesced, values, .exact, "kept \(kept), reduced \(reduced), loads \(loads)")
      }
    }
  }

  private func run(_ nest: LoopNest) throws -> [Double] {
    let backend = CPUBackend<Double>()
    let size = 4096
    var program = Program()
    _ = program.addBuffer(.real, count: size)
    _ = program.addBuffer(.real, count: size)
    program.instructions = [.loopNest(nest)]
    let arrays = [backend.allocate(.real, count: size), backend.allocate(.real, count: size)]
    backend.write(.float64((0..<size).map { Double($0 * 7 % 31) }), to: arrays[0], at: 0)
    try backend.run(try backend.prepare(program, arrays: arrays))
    return backend.read(0..<size, of: arrays[1]).doubles
  }
}
