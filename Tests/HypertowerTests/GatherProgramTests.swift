import Testing

@testable import Hypertower

/// What gathered rows, and what is added up, compile into.
@Suite struct GatherProgramTests {
  /// An embedding, positions and a layer norm are one instruction.
  @Test func elementwiseWorkFuses() {
    var random = SeededRandom(8)
    let tokens = Tensor([0, 3, 1, 2, 2, 0], shape: [2, 3])
    let start = random.tensor([4, 5]).gather(tokens) + random.tensor([3, 5])
    let centred = start - start.mean([2], keepingAxes: true)
    let norm = centred / (centred.variance([2], keepingAxes: true) + 1e-5).sqrt()
    let program = Program(computing: [norm * random.tensor([5])])
    #expect(program.instructions.map(\.kind) == ["loop nest"])
    #expect(program.temporaryElements == 0)
  }

  /// What is made of rows is stored, and added where a product ends.
  @Test func productsAddRows() {
    var random = SeededRandom(9)
    let tokens = Tensor([0, 3, 1, 2, 2, 0], shape: [2, 3])
    let start = random.tensor([4, 5]).gather(tokens) + random.tensor([3, 5])
    let program = Program(computing: [start + start.matmul(random.tensor([5, 5]))])
    #expect(program.instructions.map(\.kind) == ["loop nest", "matrix product"])
  }

  /// A step of a table of 50,000 rows goes through no more than the table's gradient.
  @Test func largeTables() throws {
    let (rows, width) = (50_000, 8)
    let table =
      Tensor(repeating: 1, shape: [rows, width]) * Tensor(.init(repeating: 0.5, count: width))
    let leaf = Tensor(try table.array(), shape: [rows, width])
    let tokens = Tensor([49_999, 3, 3, 20_000, 0, 1], shape: [2, 3])
    let loss = leaf.gather(tokens).tanh().sum()
    let gradient = gradients(of: loss, withRespectTo: [leaf])[0]
    let program = Program(computing: [loss, gradient])
    #expect(program.instructions.allSatisfy { $0.kind != "matrix product" })
    #expect(program.instructions.count { $0.kind == "scatter" } == 1)
    #expect(program.temporaryElements < 10 * tokens.shape.elementCount * width)
    let work = program.instructions.reduce(0) { sum, instruction in
      guard case .loopNest(let nest) = instruction else { return sum }
      return sum + nest.keptShape.elementCount * nest.reducedShape.elementCount
    }
    #expect(work < 10 * tokens.shape.elementCount * width)
  }

  private struct Reader: Module {
    let embedding = Embedding(50_000, 4)
    let output = Linear(4, 3)
    func callAsFunction(_ x: Tensor) -> Tensor { output(embedding(x).mean([1])) }
  }

  /// Rows that a batch names are trained, and no others.
  @Test(arguments: TestBackend.native)
  func largeTablesTrain(_ backend: TestBackend) throws {
    let data = Dataset(
      count: 2, featureCount: 2, features: .floats([49_999, 7, 7, 123]),
      targets: .classes([0, 2], classCount: 3))
    let trainer = try Trainer(
      Reader(), loss: .crossEntropy, sampleShape: [2], optimizer: SGD(0.5), on: backend.device(),
      seed: 1)
    let before = try trainer.weights().entries[0].doubles()
    try trainer.train(on: data, batchSize: 2, steps: 1)
    let after = try trainer.weights().entries[0].doubles()
    let changed = Set(before.indices.filter { before[$0] != after[$0] }.map { $0 / 4 })
    #expect(changed == [7, 123, 49_999])
  }

  /// What a pass of a loop sends back to a table waits until the end of the loop.
  @Test(arguments: TestBackend.native)
  func tablesInLoops(_ backend: TestBackend) throws {
    var random = SeededRandom(12)
    let table = random.tensor([40, 3])
    let tokens = Tensor([3, 39, 3, 0, 3, -1], shape: [3, 2])
    func loss(_ total: Tensor) -> Tensor { (total * total).sum() }
    let (states, _) = Tensor.scan([Tensor(repeating: 0, shape: [2, 3])], over: [tokens]) {
      let row =
        $0[0] + Tensor.select($1[0].isLess(than: 0).reshaped([2, 1]), 0, table.gather($1[0]))
      return ([row.tanh()], [])
    }
    var state = Tensor(repeating: 0, shape: [2, 3])
    for pass in 0..<3 {
      let own = tokens.element(pass, axis: 0)
      state = (state + Tensor.select(own.isLess(than: 0).reshaped([2, 1]), 0, table.gather(own)))
        .tanh()
    }
    let looped = gradients(of: loss(states[0]), withRespectTo: [table])[0]
    let unrolled = gradients(of: loss(state), withRespectTo: [table])[0]
    let results = try Tensor.evaluate([looped, unrolled], on: try backend.make())
    assertClose(
      results[0].doubles, results[1].doubles, .relativeFromOne(backend.isDouble ? 1e-14 : 1e-6),
      "\(backend.name)")
    #expect(Program(computing: [looped]).temporaryElements < 3 * table.shape.elementCount)
  }
}
