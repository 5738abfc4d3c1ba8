import Collectives
import Testing

@testable import Hypertower

/// Where the program of a shard's gradient is divided.
@Suite struct ShardDivisionTests {
  /// Three products [rows, 8] · [8, columns], each result of which goes into the share, from the last element on.
  private static func program(rows: [Int], columns: Int = 8) -> (Program, [Range<Int>]) {
    var program = Program()
    let left = program.addBuffer(.real, count: 8 * rows.max()!)
    let right = program.addBuffer(.real, count: 8 * columns)
    let share = program.addBuffer(.real, count: rows.reduce(0, +) * columns)
    var end = rows.reduce(0, +) * columns
    var results: [Range<Int>] = []
    for rows in rows {
      var product = MatrixProduct(
        rows: rows, columns: columns, inner: 8,
        left: .init(span: Span(buffer: left), isTransposed: false),
        right: .init(span: Span(buffer: right), isTransposed: false))
      end -= rows * columns
      product.outputs = [
        .init(node: MatrixProduct.productInput, span: Span(buffer: share, offset: end))
      ]
      results.append(end..<end + rows * columns)
      program.instructions.append(.matrixProduct(product))
    }
    return (program, results)
  }

  @Test("A program is divided where a quarter of the gradient is complete and work is left")
  func places() {
    let (program, results) = Self.program(rows: [4096, 4096, 4096])
    let division = ShardDivision(program, share: 2, results: results.shuffled())
    #expect(division.places == [1, 2])
    #expect(division.completed == results.map { [$0] })
  }

  @Test("Neighbours that are complete at the same time are one range, with what lies between")
  func ranges() {
    let (program, results) = Self.program(rows: [1000, 1000, 4096, 4096])
    var shortened = results
    shortened[1] = results[1].lowerBound..<results[1].upperBound - 3
    let division = ShardDivision(program, share: 2, results: shortened)
    #expect(division.places == [3])
    #expect(
      division.completed
        == [[results[2].lowerBound..<results[0].upperBound], [results[3]]])
  }

  @Test(
    "Nothing is divided for a small gradient, or where nothing is left to compute",
    arguments: [[100, 100, 100], [100, 100, 40_000], [40_000, 10, 10]])
  func whole(rows: [Int]) {
    let (program, results) = Self.program(rows: rows)
    let division = ShardDivision(program, share: 2, results: results)
    #expect(division.places.isEmpty)
    #expect(division.completed == [[0..<rows.reduce(0, +) * 8]])
  }

  @Test("What several parts touch is no longer temporary")
  func temporaries() {
    var program = Program()
    let (x, y) = (program.addTemporary(count: 4), program.addTemporary(count: 4))
    let z = program.addBuffer(.real, count: 4)
    func copy(_ source: Int, _ target: Int) -> Instruction {
      var nest = LoopNest(keptShape: [4], reducedShape: [])
      nest.inputs = [.load(Span(buffer: source), strides: [1])]
      nest.outputs = [.init(node: 0, span: Span(buffer: target), isFull: false, stage: 0)]
      return .loopNest(nest)
    }
    program.instructions = [copy(z, x), copy(x, y), copy(y, z)]
    let parts = program.divided(before: [2])
    #expect(parts.map(\.instructions.count) == [2, 1])
    for part in parts {
      #expect(part.buffers.map(\.isTemporary) == [true, false, false])
    }
  }

  @Test("What is complete is sent while the rest of the gradient is computed")
  func sendsAhead() throws {
    let images = Dataset(
      count: 100, featureCount: 784,
      features: .floats((0..<100 * 784).map { Float($0 % 251) / 251 }),
      targets: .classes((0..<100).map { Int32($0 % 10) }, classCount: 10))
    let shares = try LocalRank.run(2) { rank in
      let sender = TimedRank(rank)
      // The last layer has most of the parameters, the first ones have most of the work.
      let trainer = try Trainer(
        Sequential(
          Unflatten([1, 28, 28]), Conv2D(1, 16, size: 3), Activation.relu,
          Conv2D(16, 16, size: 3), Activation.relu, Flatten(), Linear(24 * 24 * 16, 10)),
        loss: .crossEntropy, sampleShape: [784], optimizer: SGD(0.01),
        on: TestBackend.openCL[0].device(), seed: 1, collective: sender)
      try trainer.train(on: images, batchSize: 100, steps: 2)
      return try (0..<10).map { _ in
        sender.sendings = []
        let start = ContinuousClock.now
        try trainer.train(on: images, batchSize: 100, steps: 1)
        let time = (ContinuousClock.now - start).seconds
        return (sender.sendings.last! - sender.sendings[0]).seconds / time
      }
    }
    // Of most steps of the first rank, which only sends parts of the gradient.
    #expect(shares[0].sorted()[5] > 0.1, "\(shares[0])")
  }
}

/// A rank that notes when it sends.
private final class TimedRank: Collective {
  var sendings: [ContinuousClock.Instant] = []
  private let base: LocalRank

  init(_ base: LocalRank) { self.base = base }

  var rank: Int { base.rank }
  var size: Int { base.size }
  var sentByteCount: Int { base.sentByteCount }
  var patience: Duration? { base.patience }

  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Message {
    sendings.append(.now)
    return base.send(bytes, to: rank, tag: tag)
  }

  func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws -> any Message {
    base.receive(into: bytes, from: rank, tag: tag)
  }
}
