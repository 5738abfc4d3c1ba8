import OpenCL
import Testing

@testable import Hypertower

/// Which work runs together on a device.
@Suite struct LaunchPlanTests {
  /// A program of which each instruction is a product or an elementwise nest of `rows` rows.
  private struct Sketch {
    var program = Program()

    mutating func buffer(_ count: Int) -> Span { Span(buffer: program.addTemporary(count: count)) }

    mutating func product(
      _ left: Span, inner: Int, columns: Int, isLeftTransposed: Bool = false
    ) -> Span {
      let result = buffer(rows * columns)
      var product = MatrixProduct(
        rows: rows, columns: columns, inner: inner,
        left: .init(span: left, isTransposed: isLeftTransposed),
        right: .init(span: buffer(inner * columns), isTransposed: false))
      let node = product.epilogue.append(.input(MatrixProduct.productInput))
      product.outputs = [.init(node: node, span: result)]
      program.instructions.append(.matrixProduct(product))
      return result
    }

    mutating func elementwise(_ source: Span, columns: Int) -> Span {
      let result = buffer(rows * columns)
      var nest = LoopNest(keptShape: [rows, columns], reducedShape: [])
      nest.inputs = [.load(source, strides: [columns, 1])]
      let node = nest.graph.append(.input(0))
      nest.outputs = [.init(node: node, span: result, isFull: false, stage: 0)]
      program.instructions.append(.loopNest(nest))
      return result
    }

    /// The numbers of works in each branch of each launch.
    func plan(_ profile: DeviceProfile = .cpu, fuses: Bool = true) -> [[[Int]]] {
      var program = program
      let works = DeviceWork.all(of: &program, profile)
      return LaunchPlan(works, fuses: fuses, profile).launches.map { branches in
        branches.map(\.works).filter { !$0.isEmpty }
      }
    }
  }

  @Test func rowsGoThroughSeveralLayers() {
    var sketch = Sketch()
    let hidden = sketch.product(sketch.buffer(rows * 20), inner: 20, columns: 30)
    let activated = sketch.elementwise(hidden, columns: 30)
    _ = sketch.product(activated, inner: 30, columns: 5)
    #expect(sketch.plan() == [[[0, 1, 2]]])
    #expect(sketch.plan(fuses: false) == [[[0]], [[1]], [[2]]])
    #expect(sketch.plan(.gpu) == [[[0, 1, 2]]])
  }

  /// A row of what gathers rows may need any row of the table, unless each row has a table of its own.
  @Test func tablesAreNeededWhole() {
    let columns = 1024
    for (hasOwnTable, plan) in [(false, [[[0]], [[1]]]), (true, [[[0, 1]]])] {
      var sketch = Sketch()
      let table = sketch.elementwise(sketch.buffer(rows * columns), columns: columns)
      var nest = LoopNest(keptShape: [rows, columns], reducedShape: [])
      nest.inputs = [
        .indirectLoad(
          IndirectLoad(
            table: table, strides: hasOwnTable ? [columns, 0] : [0, 1],
            rows: hasOwnTable ? columns : rows,
            rowStride: hasOwnTable ? 1 : columns, number: sketch.buffer(rows * columns),
            numberStrides: [columns, 1], isZeroOutside: false))
      ]
      let node = nest.graph.append(.input(0))
      nest.outputs = [
        .init(node: node, span: sketch.buffer(rows * columns), isFull: false, stage: 0)
      ]
      sketch.program.instructions.append(.loopNest(nest))
      #expect(sketch.plan() == plan)
    }
  }

  /// A slice of each row is a part of that row, wherever in it; the end of one and the start of the next are not.
  @Test func slicesOfRowsContinue() {
    for (offset, plan) in [(0, [[[0, 1]]]), (20, [[[0, 1]]]), (21, [[[0]], [[1]]])] {
      var sketch = Sketch()
      let hidden = sketch.product(sketch.buffer(rows * 20), inner: 20, columns: 30)
      var nest = LoopNest(keptShape: [rows, 10], reducedShape: [])
      nest.inputs = [.load(hidden.advanced(by: offset), strides: [30, 1])]
      let node = nest.graph.append(.input(0))
      nest.outputs = [
        .init(node: node, span: sketch.buffer(rows * 10), isFull: false, stage: 0)
      ]
      sketch.program.instructions.append(.loopNest(nest))
      #expect(sketch.plan() == plan, "from column \(offset) on")
    }
  }

  /// The same of accesses, whichever begins first.
  @Test func rowsThatOverlapOthersAreNotAligned() {
    let row = MemoryAccess(
      Span(buffer: 0, offset: 1), count: 30 * rows, isWrite: true, rowStride: 30)
    for (offset, isAligned) in [(0, false), (1, true), (21, true), (22, false)] {
      let part = MemoryAccess(
        Span(buffer: 0, offset: offset), count: 30 * rows - 20, isWrite: false, rowStride: 30,
        rowWidth: 10)
      #expect(row.isAligned(with: part) == isAligned, "\(offset)")
      #expect(part.isAligned(with: row) == isAligned, "\(offset)")
    }
  }

  /// Few work-groups do not do what many could, unless it is little.
  @Test func costlyRowsAreNotCutOnGPUs() {
    var sketch = Sketch()
    let hidden = sketch.product(sketch.buffer(rows * 200), inner: 200, columns: 256)
    _ = sketch.elementwise(hidden, columns: 256)
    #expect(sketch.plan(.gpu) == [[[0]], [[1]]])
    /// With tiles of that size, on a device that has blocks enough.
    func plan(tile: Int, perItem: Int) -> [[[Int]]] {
      var profile = DeviceProfile.gpu
      profile.computeUnits = 1
      let shape = ProductShape(
        rows: rows, inner: 200, columns: 256, isLeftTransposed: false, isRightTransposed: false)
      profile.choices.products[shape] = .localMemory(
        tile: tile, perItem: perItem, splits: false)
      return sketch.plan(profile)
    }
    #expect(plan(tile: 32, perItem: 2) == [[[0, 1]]])
    // These tiles are higher than a block of rows.
    #expect(plan(tile: 64, perItem: 4) == [[[0]], [[1]]])
  }

  @Test func whatNeedsAllRowsComesAfter() {
    var sketch = Sketch()
    let hidden = sketch.product(sketch.buffer(rows * rows), inner: rows, columns: rows)
    _ = sketch.product(hidden, inner: rows, columns: 5, isLeftTransposed: true)
    #expect(sketch.plan() == [[[0]], [[1]]])
  }

  @Test func independentWorkRunsSideBySide() {
    var sketch = Sketch()
    let source = sketch.buffer(rows * 20)
    let (a, b) = (
      sketch.product(source, inner: 20, columns: 5), sketch.product(source, inner: 20, columns: 7)
    )
    _ = sketch.elementwise(a, columns: 5)
    _ = sketch.elementwise(b, columns: 7)
    #expect(sketch.plan() == [[[0, 2], [1, 3]]])
  }

  /// Two branches whose results meet become one.
  @Test func branchesOfRowsJoin() {
    var sketch = Sketch()
    let source = sketch.buffer(rows * 20)
    let a = sketch.product(source, inner: 20, columns: 5)
    let b = sketch.product(source, inner: 20, columns: 5)
    var nest = LoopNest(keptShape: [rows, 5], reducedShape: [])
    nest.inputs = [.load(a, strides: [5, 1]), .load(b, strides: [5, 1])]
    let operands = nest.inputs.indices.map { nest.graph.append(.input($0)) }
    let sum = nest.graph.append(.binary(.add, operands[0], operands[1]))
    nest.outputs = [.init(node: sum, span: sketch.buffer(rows * 5), isFull: false, stage: 0)]
    sketch.program.instructions.append(.loopNest(nest))
    #expect(sketch.plan() == [[[0, 1, 2]]])
  }

  /// Row r of a matrix read in another shape is not row r of what was written.
  @Test func rowsOfOtherLengthsDoNotContinue() {
    var sketch = Sketch()
    let hidden = sketch.product(sketch.buffer(rows * 20), inner: 20, columns: 30)
    _ = sketch.product(hidden, inner: 15, columns: 5)
    #expect(sketch.plan() == [[[0]], [[1]]])
  }

  @Test func whatIsWrittenIsNotOverwrittenBeforeItIsRead() {
    var sketch = Sketch()
    let source = sketch.buffer(rows * 20)
    _ = sketch.product(source, inner: 20, columns: 5)
    sketch.program.instructions.append(.increment(source))
    #expect(sketch.plan() == [[[0]], [[1]]])
  }

  @Test func fewRowsOrLargeOperandsAreNotCut() {
    var sketch = Sketch()
    let hidden = sketch.product(sketch.buffer(rows * 1024), inner: 1024, columns: 1024)
    _ = sketch.elementwise(hidden, columns: 1024)
    // The product's operand is packed first.
    #expect(sketch.plan().count >= 2)
    var profile = DeviceProfile.cpu
    profile.computeUnits = 64
    var small = Sketch()
    _ = small.product(
      small.product(small.buffer(rows * 3), inner: 3, columns: 4), inner: 4, columns: 5)
    #expect(small.plan(profile) == [[[0]], [[1]]])
    #expect(small.plan() == [[[0, 1]]])
  }

  /// A product that goes on with what one work-group did is still cut into blocks of rows.
  @Test func productsDoNotJoinSmallWorks() {
    var sketch = Sketch()
    let source = sketch.buffer(rows * 20)
    let small = sketch.elementwise(sketch.elementwise(source, columns: 20), columns: 20)
    var nest = LoopNest(keptShape: [1], reducedShape: [rows * 20])
    nest.inputs = [.load(small, strides: [0, 1]), .reduction(0)]
    let value = nest.graph.append(.input(0))
    nest.reductions = [.init(kind: .sum, value: value, stage: 0)]
    let node = nest.graph.append(.input(1))
    nest.outputs = [.init(node: node, span: sketch.buffer(1), isFull: false, stage: 0)]
    sketch.program.instructions.append(.loopNest(nest))
    _ = sketch.product(small, inner: 20, columns: 30)
    #expect(sketch.plan() == [[[0, 1, 2]], [[3]]])
  }

  /// Sums over rows need all of them, but are so small that nobody need wait for them.
  @Test func smallWorksShareAWorkGroup() {
    var sketch = Sketch()
    let source = sketch.buffer(rows * 20)
    func sum(_ source: Span, over count: Int) -> Span {
      let result = sketch.buffer(1)
      var nest = LoopNest(keptShape: [1], reducedShape: [count])
      nest.inputs = [.load(source, strides: [0, 1]), .reduction(0)]
      let value = nest.graph.append(.input(0))
      nest.reductions = [.init(kind: .sum, value: value, stage: 0)]
      let node = nest.graph.append(.input(1))
      nest.outputs = [.init(node: node, span: result, isFull: false, stage: 0)]
      sketch.program.instructions.append(.loopNest(nest))
      return result
    }
    let total = sum(sketch.elementwise(source, columns: 20), over: rows * 20)
    _ = sum(total, over: 1)
    #expect(sketch.plan() == [[[0, 1, 2]]])
    #expect(sketch.plan(.gpu) == [[[0]], [[1]], [[2]]])
  }
}

private let rows = 64
