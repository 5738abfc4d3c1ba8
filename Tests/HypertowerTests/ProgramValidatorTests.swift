import Testing

@testable import Hypertower

/// Programs and plans that are broken by hand, with the complaint that each must give.
@Suite struct ProgramValidatorTests {
  /// Buffers 0, six reals from outside; 1, six temporary ones; 2, six int32; 3, seven reals from outside.
  private static func program(_ instructions: Instruction...) -> Program {
    var program = Program()
    _ = program.addBuffer(.real, count: 6)
    _ = program.addTemporary(count: 6)
    _ = program.addBuffer(.int32, count: 6)
    _ = program.addBuffer(.real, count: 7)
    program.instructions = instructions
    return program
  }

  private static func nest(
    _ shape: Shape, from source: Span, strides: [Int] = [1], to target: Span
  ) -> LoopNest {
    var nest = LoopNest(keptShape: shape, reducedShape: [])
    nest.inputs = [.load(source, strides: strides)]
    let node = nest.graph.append(.input(0))
    nest.outputs = [.init(node: node, span: target, isFull: false, stage: 0)]
    return nest
  }

  private static func copy(
    _ shape: Shape, from source: Span, strides: [Int] = [1], to target: Span
  ) -> Instruction {
    .loopNest(nest(shape, from: source, strides: strides, to: target))
  }

  private static func span(_ buffer: Int, _ offset: Int = 0, step: Int = 0) -> Span {
    Span(buffer: buffer, offset: offset, step: step)
  }

  private static func changed(_ change: (inout LoopNest) -> Void) -> Instruction {
    var nest = nest([6], from: span(0), to: span(3))
    change(&nest)
    return .loopNest(nest)
  }

  private static func product(_ change: (inout MatrixProduct) -> Void = { _ in }) -> Instruction {
    var product = MatrixProduct(
      rows: 2, columns: 2, inner: 3, left: .init(span: span(0), isTransposed: false),
      right: .init(span: span(0), isTransposed: false))
    let node = product.epilogue.append(.input(MatrixProduct.productInput))
    product.outputs = [.init(node: node, span: span(3))]
    change(&product)
    return .matrixProduct(product)
  }

  /// Of a table of buffer 3, each element of a row by itself.
  private static func rows(of count: Int, table: Span = Self.span(3)) -> IndirectLoad {
    IndirectLoad(
      table: table, strides: [0], rows: count, rowStride: 3, number: span(0), numberStrides: [1],
      isZeroOutside: false)
  }

  private static func scatter(
    rows: Int, count: Int, values: Span = Self.span(0), result: Span = Self.span(3)
  ) -> ScatterAdd {
    ScatterAdd(
      matrices: 1, rows: rows, width: 1, count: count, values: values, indices: span(0),
      result: result)
  }

  /// Of two queries at `keys` keys of one element, in buffer 0, with results in buffer 3.
  private static func attention(
    keys: Int = 2, matrices: Int = 1, rowStride: Int = 1
  ) -> BlockwiseAttention {
    func rows(_ count: Int, _ offset: Int) -> BlockwiseAttention.Rows {
      .init(
        span: span(0, offset), matrices: .init([1], strides: [0]), rowStride: rowStride,
        rows: count, columns: 1)
    }
    return BlockwiseAttention(
      sizes: .init(
        matrices: matrices, queries: 2, keys: keys, width: 1, depth: 1,
        attention: Attention(scale: 1, isCausal: false)),
      queries: rows(2, 0), keys: rows(keys, 2), values: rows(2, 4), means: span(3),
      logSums: span(3, 2))
  }

  @Test func soundProgramsPass() {
    for program in [
      Self.program(),
      Self.program(
        Self.copy([6], from: Self.span(0), to: Self.span(1)),
        Self.copy([6], from: Self.span(1, 5), strides: [-1], to: Self.span(3))),
      // In place, element by element.
      Self.program(Self.copy([6], from: Self.span(0), to: Self.span(0))),
      Self.program(Self.copy([2, 3], from: Self.span(0), strides: [3, 1], to: Self.span(0))),
      // An epilogue that reads rows and columns backwards.
      Self.program(
        Self.product {
          $0.loads = [
            .init(span: Self.span(0, 5), rows: .init([2], strides: [-2]), columnStride: -1)
          ]
        }),
      Self.program(Self.product(), .increment(Self.span(2, 5))),
      // The last row of three begins at element 6, the last one there.
      Self.program(
        Self.changed {
          $0.inputs = [.indirectLoad(Self.rows(of: 3))]
          $0.outputs = [.init(node: 0, span: Self.span(0), isFull: false, stage: 0)]
        }),
      Self.program(.scatterAdd(Self.scatter(rows: 7, count: 6))),
      Self.program(.attention(Self.attention())),
      // Each pass reads what the one before has written.
      Self.program(
        Self.copy([2], from: Self.span(0), to: Self.span(1)),
        .loop(
          Loop(
            count: 2,
            body: [Self.copy([2], from: Self.span(1, step: 2), to: Self.span(1, 2, step: 2))]))),
    ] {
      #expect(ProgramValidator.firstFault(in: program) == nil)
    }
  }

  @Test func memoryThatIsNotThere() {
    for (program, fault) in [
      (
        Self.program(Self.copy([7], from: Self.span(0), to: Self.span(3))),
        "instruction 0, loop nest: reads input 0, elements 0..<7 of buffer 0, which has 6"
      ),
      (
        Self.program(Self.copy([6], from: Self.span(0), to: Self.span(3, 2))),
        "instruction 0, loop nest: writes output 0, elements 2..<8 of buffer 3, which has 7"
      ),
      (
        Self.program(Self.copy([6], from: Self.span(0), strides: [-1], to: Self.span(3))),
        "instruction 0, loop nest: reads input 0, elements -5..<1 of buffer 0, which has 6"
      ),
      (
        Self.program(
          Self.copy([2, 3], from: Self.span(0), strides: [3, 2], to: Self.span(3))),
        "instruction 0, loop nest: reads input 0, elements 0..<8 of buffer 0, which has 6"
      ),
      (
        Self.program(Self.copy([6], from: Self.span(9), to: Self.span(3))),
        "instruction 0, loop nest: reads input 0, elements 0..<6 of buffer 9, which is not there"
      ),
      (
        Self.program(Self.copy([6], from: Self.span(2), to: Self.span(3))),
        "instruction 0, loop nest: reads input 0, elements 0..<6 of buffer 2, which holds int32"
      ),
      (
        Self.program(Self.changed { $0.inputs = [.indirectLoad(Self.rows(of: 4))] }),
        "instruction 0, loop nest: reads the table of input 0, elements 0..<10 of buffer 3, which has 7"
      ),
      (
        Self.program(.scatterAdd(Self.scatter(rows: 8, count: 6))),
        "instruction 0, scatter: writes sums, elements 0..<8 of buffer 3, which has 7"
      ),
      (
        Self.program(.scatterAdd(Self.scatter(rows: 7, count: 7))),
        "instruction 0, scatter: reads values, elements 0..<7 of buffer 0, which has 6"
      ),
      (
        Self.program(.attention(Self.attention(rowStride: 2))),
        "instruction 0, attention: reads values, elements 4..<7 of buffer 0, which has 6"
      ),
      (
        Self.program(.increment(Self.span(0))),
        "instruction 0, increment: writes the counter, elements 0..<1 of buffer 0, which holds real"
      ),
      (
        Self.program(Self.product { $0.columns = 3 }),
        "instruction 0, matrix product: reads the right operand, elements 0..<9 of buffer 0, which has 6"
      ),
      (
        Self.program(Self.product { $0.outputs[0] = .init(node: 0, span: Self.span(3, 4)) }),
        "instruction 0, matrix product: writes output 0, elements 4..<8 of buffer 3, which has 7"
      ),
      (
        Self.program(
          .loop(
            Loop(
              count: 3,
              body: [Self.copy([2], from: Self.span(0, step: 2), to: Self.span(3, step: 3))]))),
        "instruction 0, loop, pass 2, instruction 0, loop nest: writes output 0, elements 6..<8 of "
          + "buffer 3, which has 7"
      ),
    ] {
      #expect(ProgramValidator.firstFault(in: program) == fault)
    }
  }

  @Test func memoryThatWasNotWritten() {
    let read = Self.copy([6], from: Self.span(1), to: Self.span(3))
    let fault =
      "loop nest: reads input 0, elements 0..<6 of buffer 1, of which not all was written"
    #expect(ProgramValidator.firstFault(in: Self.program(read)) == "instruction 0, \(fault)")
    let part = Self.copy([5], from: Self.span(0), to: Self.span(1))
    #expect(ProgramValidator.firstFault(in: Self.program(part, read)) == "instruction 1, \(fault)")
    let rest = Self.copy([1], from: Self.span(0), to: Self.span(1, 5))
    #expect(ProgramValidator.firstFault(in: Self.program(part, rest, read)) == nil)
    // The second pass reads what only the third writes.
    let loop = Loop(
      count: 3, body: [Self.copy([2], from: Self.span(1, step: 2), to: Self.span(1, 4))])
    #expect(
      ProgramValidator.firstFault(
        in: Self.program(Self.copy([2], from: Self.span(0), to: Self.span(1)), .loop(loop)))
        == "instruction 1, loop, pass 1, instruction 0, loop nest: reads input 0, elements 2..<4 of "
        + "buffer 1, of which not all was written")
  }

  @Test func memoryThatIsWrittenTwiceOrOver() {
    for (instruction, fault) in [
      (
        Self.copy([5], from: Self.span(0, 1), to: Self.span(0)),
        "loop nest: writes output 0 over input 0, which it reads"
      ),
      (
        Self.copy([2, 3], from: Self.span(0), strides: [1, 2], to: Self.span(0)),
        "loop nest: writes output 0 over input 0, which it reads"
      ),
      (
        Self.changed {
          $0.outputs.append(.init(node: 0, span: Self.span(3, 1), isFull: false, stage: 0))
        },
        "loop nest: writes output 1 and output 0 to the same elements"
      ),
      (
        Self.changed { $0.inputs = [.indirectLoad(Self.rows(of: 2))] },
        "loop nest: writes output 0 over the table of input 0, which it reads"
      ),
      (
        .scatterAdd(Self.scatter(rows: 6, count: 6, result: Self.span(0))),
        "scatter: writes sums over values, which it reads"
      ),
      (
        Self.product { $0.outputs[0] = .init(node: 0, span: Self.span(0, 2)) },
        "matrix product: writes output 0 over the left operand, which it reads"
      ),
    ] {
      #expect(
        ProgramValidator.firstFault(in: Self.program(instruction)) == "instruction 0, \(fault)")
    }
  }

  @Test func partsThatDoNotFit() {
    let index = IndexExpression.axis(0, rank: 1)
    for (instruction, fault) in [
      (Self.changed { _ = $0.graph.append(.input(1)) }, "loop nest: node 1 is input 1 of 1"),
      (
        Self.changed { $0.inputs = [.load(Self.span(0), strides: [3, 1])] },
        "loop nest: input 0 has 2 strides for 1 dimensions"
      ),
      (
        Self.changed { $0.inputs.append(.coordinate(dimension: 1)) },
        "loop nest: input 1 is the index along dimension 1 of 1"
      ),
      (
        Self.changed { $0.inputs.append(.reduction(0)) },
        "loop nest: input 1 is reduction 0 of 0"
      ),
      (
        Self.changed { $0.reductions = [.init(kind: .sum, value: 0, stage: 0)] },
        "loop nest: reduction 0 has no dimension"
      ),
      (
        Self.changed {
          ($0.keptShape, $0.reducedShape) = ([1], [6])
          $0.inputs = [.load(Self.span(0), strides: [0, 1]), .reduction(0)]
          let sum = $0.graph.append(.input(1))
          $0.reductions = [
            .init(kind: .sum, value: 0, stage: 0), .init(kind: .maximum, value: sum, stage: 0),
          ]
        }, "loop nest: reduction 1 of stage 0 needs stage 1"
      ),
      (
        Self.changed { $0.outputs = [.init(node: 4, span: Self.span(3), isFull: false, stage: 0)] },
        "loop nest: output 0 is node 4 of 1"
      ),
      (
        Self.changed {
          $0.keptShape = [7]
          $0.inputs = [
            .boundedLoad(
              .init(
                span: Self.span(0), axes: [.init(index: index, extent: 6, stride: 1)],
                bounds: [.init(index: index, extent: 8)]))
          ]
        }, "loop nest: input 0 reads beyond axis 0 of 6 at [6]"
      ),
      (
        Self.changed { $0.inputs = [.indirectLoad(Self.rows(of: -1))] },
        "loop nest: input 0 reads a table of -1 rows"
      ),
      (
        Self.changed {
          var load = Self.rows(of: 2)
          load.numberStrides = [1, 0]
          $0.inputs = [.indirectLoad(load)]
        }, "loop nest: input 0 has 2 strides for 1 dimensions"
      ),
      (
        .scatterAdd(Self.scatter(rows: 2, count: -1)),
        "scatter: adds 1 × [-1, 1] up to [2, 1]"
      ),
      (
        .attention(Self.attention(keys: 0)),
        "attention: has 1 matrices of [2, 1] at [0, 1], [0, 1]"
      ),
      (
        .attention(Self.attention(keys: 3)),
        "attention: values: are 1 × [2, 1], not 1 × [3, 1]"
      ),
      (
        .attention(Self.attention(matrices: 2)),
        "attention: queries: are 1 × [2, 1], not 2 × [2, 1]"
      ),
      (
        .attention(Self.attention(rowStride: -1)), "attention: queries: lie backwards in memory"
      ),
      (
        Self.product {
          $0.loads = [
            .init(span: Self.span(0), rows: .init([3], strides: [1]), columnStride: 0)
          ]
        },
        "matrix product: input 1 has rows of [3], the results have 2"
      ),
      (
        Self.product { _ = $0.epilogue.append(.input(2)) },
        "matrix product: its epilogue's node 1 is input 2 of 1"
      ),
      (
        .gatherBatch(
          BatchGather(
            sources: [], counter: Self.span(2), batchSize: 5, stride: 5, batchesPerEpoch: 1,
            sampleCount: 4)), "batch: takes 5 of 4 samples"
      ),
      (
        .loop(Loop(count: 1, body: [.increment(Self.span(2))])),
        "loop: holds an instruction of kind increment"
      ),
    ] {
      #expect(
        ProgramValidator.firstFault(in: Self.program(instruction)) == "instruction 0, \(fault)")
    }
  }

  @Test func slotsThatAreTakenTooEarly() {
    let buffers = [6, 6, 9].map { BufferDescription(type: .real, count: $0, isTemporary: true) }
    let plan = MemoryPlan(buffers, uses: [[0], [1], [2]])
    #expect(plan.firstFault(buffers, uses: [[0], [1], [2]]) == nil)
    #expect(
      plan.firstFault(buffers, uses: [[0], [1, 0], [2]])
        == "temporary buffer 1 takes slot 0 at 1, which buffer 0 needs until 1")
    #expect(
      plan.firstFault(buffers, uses: [[0], [1], [2], [0]])
        == "temporary buffer 1 takes slot 0 at 1, which buffer 0 needs until 3")
    let larger = buffers + [.init(type: .real, count: 1, isTemporary: true)]
    #expect(plan.firstFault(larger, uses: [[3]]) == "temporary buffer 3 has no slot")
    let small = MemoryPlan(buffers, uses: [[0], [1]])
    let grown = buffers.map { BufferDescription(type: $0.type, count: 8, isTemporary: true) }
    #expect(
      small.firstFault(grown, uses: [[0]])
        == "temporary buffer 0, 8 of real, is in slot 0, 6 of real")
  }

  @Test func programsAreLookedAtInTests() { #expect(ProgramValidator.isOn) }
}
