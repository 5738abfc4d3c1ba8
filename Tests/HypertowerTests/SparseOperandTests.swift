import Datasets
import OpenCL
import Testing

@testable import Hypertower

/// Products leave out zeros of sparse left operands, which changes nothing.
@Suite struct SparseOperandTests {
  /// The backends that may have kernels that leave terms out; others compute sparse and dense
  /// operands alike.
  private static let registerTiles = TestBackend.openCL + TestBackend.otherTiles

  /// The backend if it has such kernels.
  private static func registerTiles(_ backend: TestBackend) throws -> OpenCLBackend? {
    guard let backend = try backend.make() as? OpenCLBackend,
      backend.profile.matrixSchedule == .registerTile
    else { return nil }
    return backend
  }

  /// Rows, terms, columns: one off the tiles, several blocks of terms, a right operand that a cache does not
  /// hold, panels that reach beyond it, and rows enough to look for zeros in several tiles together.
  private static let sizes: [(m: Int, k: Int, n: Int)] = [
    (1, 1, 1), (3, 0, 5), (4, 16, 64), (6, 17, 65), (13, 257, 31), (31, 515, 130), (16, 600, 512),
    (7, 8200, 3), (11, 2100, 70), (9, 40, 80), (9, 40, 200),
    (100, 70, 40),
  ]

  /// Numbers of all kinds that are zeros for the most part, side by side.
  private static func operand(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    var index = 0
    while index < count {
      let length = Int.random(in: 1...40, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        for i in index..<min(count, index + length) { values[i] = random.floats(1)[0] }
      case 1: values[index] = -0.0
      case 2: values[index] = .leastNonzeroMagnitude
      case 3: values[index] = -.leastNormalMagnitude
      default: break
      }
      index += length
    }
    return values
  }

  /// The factors of a product, row by row as they are stored.
  private struct Factors {
    let shape: ProductShape
    var left: [Float]
    var right: [Float]
  }

  /// What a backend computes of `products`, all in one program.
  private func results(
    _ products: [Factors], isSparse: Bool, on backend: any Backend
  ) throws -> [[Float]] {
    var program = Program()
    let instructions = products.map {
      MatrixProduct($0.shape, isLeftSparse: isSparse, in: &program)
    }
    program.instructions = instructions.map { .matrixProduct($0) }
    let arrays = try program.buffers.map { try backend.allocate($0.type, count: $0.count) }
    for (own, product) in zip(products, instructions) {
      try backend.write(.float32(own.left), to: arrays[product.left.span.buffer], at: 0)
      try backend.write(.float32(own.right), to: arrays[product.right.span.buffer], at: 0)
    }
    try backend.run(try backend.prepare(program, arrays: arrays))
    return try instructions.map {
      let result = arrays[$0.outputs[0].span.buffer]
      return try backend.read(0..<result.count, of: result).floats
    }
  }

  private func product(
    _ factors: Factors, isSparse: Bool, on backend: any Backend
  ) throws -> [Float] {
    try results([factors], isSparse: isSparse, on: backend)[0]
  }

  private static func shape(
    _ size: (m: Int, k: Int, n: Int), left: Bool, right: Bool
  ) -> ProductShape {
    ProductShape(
      rows: size.m, inner: size.k, columns: size.n, isLeftTransposed: left,
      isRightTransposed: right)
  }

  @Test(arguments: registerTiles)
  func zerosAreLeftOutUnseen(_ backend: TestBackend) throws {
    guard let backend = try Self.registerTiles(backend) else { return }
    var random = SeededRandom(21)
    let products = Self.sizes.enumerated().flatMap { number, size in
      [(false, false), (true, false), (true, true)].some(2, from: number).map { isLeft, isRight in
        Factors(
          shape: Self.shape(size, left: isLeft, right: isRight),
          left: Self.operand(size.m * size.k, &random), right: random.floats(size.k * size.n))
      }
    }
    let sparse = try results(products, isSparse: true, on: backend)
    let dense = try results(products, isSparse: false, on: backend)
    for (own, (sparse, dense)) in zip(products, zip(sparse, dense)) {
      let isEqual = sparse == dense
      #expect(isEqual, "\(own.shape)")
    }
  }

  /// Terms in several passes, and operands that are packed by default.
  @Test(arguments: [
    (m: 9, k: 70_000, n: 3, isLeftTransposed: false),
    (m: 300, k: 900, n: 260, isLeftTransposed: true),
    (m: 130, k: 40, n: 520, isLeftTransposed: false),
  ])
  func largeOperands(m: Int, k: Int, n: Int, isLeftTransposed: Bool) throws {
    for backend in try Self.registerTiles.compactMap(Self.registerTiles) {
      var random = SeededRandom(22)
      let shape = Self.shape((m, k, n), left: isLeftTransposed, right: false)
      let factors = Factors(
        shape: shape, left: Self.operand(m * k, &random), right: random.floats(k * n))
      let sparse = try product(factors, isSparse: true, on: backend)
      let isEqual = try product(factors, isSparse: false, on: backend) == sparse
      #expect(isEqual, "\(backend)")
    }
  }

  /// A term that is left out does not show what it would be multiplied by; one that is not does, and
  /// all do in the first row.
  @Test(arguments: [false, true])
  func termsAreLeftOut(isTransposed: Bool) throws {
    for backend in try Self.registerTiles.compactMap(Self.registerTiles) {
      // So few terms that a transposed operand's are not done in parts.
      let (m, k, n) = (9, 1700, 40)
      let shape = Self.shape((m, k, n), left: isTransposed, right: false)
      for term in [0, 15, 16, 255, 256, 1024, 1699] {
        var factors = Factors(
          shape: shape, left: .init(repeating: 0, count: m * k),
          right: .init(repeating: 1, count: k * n))
        for column in 0..<n { factors.right[term * n + column] = .infinity }
        let zeros = try product(factors, isSparse: true, on: backend)
        #expect(zeros.prefix(n).allSatisfy { $0.isNaN }, "term \(term)")
        #expect(zeros.suffix(n).allSatisfy { $0 == 0 }, "term \(term)")
        // The last row's element.
        let last = isTransposed ? term * m + m - 1 : (m - 1) * k + term
        factors.left[last] = -.leastNonzeroMagnitude
        let one = try product(factors, isSparse: true, on: backend)
        #expect(one.suffix(n).allSatisfy { $0 == -.infinity }, "term \(term)")
        factors.left[last] = .nan
        let none = try product(factors, isSparse: true, on: backend)
        #expect(none.suffix(n).allSatisfy { $0.isNaN }, "term \(term)")
      }
    }
  }

  /// The same batches, of a data set with many zeros and of one that ends with other samples.
  @Test(arguments: registerTiles)
  func trainingIsTheSame(_ backend: TestBackend) throws {
    guard try Self.registerTiles(backend) != nil else { return }
    var random = SeededRandom(23)
    let zeros = Self.operand(500 * 40, &random)
    func data(_ features: [Float]) -> Dataset {
      let count = features.count / 40
      return Dataset(
        count: count, featureCount: 40, features: .floats(features),
        targets: .classes((0..<count).map { Int32($0 * $0 % 5) }, classCount: 5))
    }
    func weights(_ data: Dataset) throws -> [[Float]] {
      let trainer = try Trainer(
        DenseNetwork(widths: [40, 33, 5], activation: .tanh), loss: .negativeLogLikelihood,
        optimizer: Adam(0.01) / Adam(0.01), on: backend.device(), seed: 3)
      try trainer.train(on: data, batchSize: 50, steps: 10, shuffled: false)
      return try trainer.weights().entries.map { $0.floats() }
    }
    let (sparse, dense) = (data(zeros), data(zeros + random.floats(9500 * 40)))
    #expect(sparse.isSparse && !dense.isSparse)
    let areEqual = try weights(sparse) == weights(dense)
    #expect(areEqual)
  }

  // MARK: Which data are sparse

  private func dataset(_ rows: [[Float]]) -> Dataset {
    Dataset(
      count: rows.count, featureCount: rows.first?.count ?? 0,
      features: .floats(rows.flatMap(\.self)),
      targets: .classes(rows.map { _ in 0 }, classCount: 1))
  }

  @Test func dataWithRunsOfZerosAreSparse() throws {
    #expect(try MNIST.embedded().train.isSparse)
    let zeros = [Float](repeating: 0, count: 6)
    let ones = [Float](repeating: 1, count: 6)
    // A quarter of the features, and less.
    #expect(dataset([zeros + ones + ones + ones]).isSparse)
    #expect(!dataset([zeros + ones + ones + ones + ones]).isSparse)
    // Of samples, if they are neighbours; else features of one sample alone are.
    func samples(_ isZero: (Int) -> Bool) -> Dataset {
      dataset((0..<24).map { isZero($0) ? zeros : ones })
    }
    #expect(samples { $0 < 6 }.isSparse)
    #expect(!samples { $0 < 5 }.isSparse)
    #expect(!samples { $0 % 4 == 0 }.isSparse)
    #expect(samples { $0 % 2 == 0 }.isSparse)
    // As many zeros, apart.
    #expect(!dataset([[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0]]).isSparse)
    #expect(dataset([[-0.0, 0, 0, 0, 0, 0]]).isSparse)
    #expect(!dataset([ones.map { $0 * .nan }]).isSparse)
    #expect(!dataset([[0, 0, 0, 0, 0]]).isSparse)
    #expect(!dataset([]).isSparse)
    // The samples that are looked at are not the first ones alone.
    #expect(!dataset((0..<4096).map { $0 < 900 ? zeros : ones }).isSparse)
    #expect(dataset((0..<4096).map { $0 < 3000 ? ones : zeros }).isSparse)
  }

  /// A panel may begin with the last column, and reach as far as a tile is wide.
  @Test(arguments: [RegisterTile.wide, .narrow, .low])
  func panelsEndInThePadding(_ tile: RegisterTile) {
    let width =
      max(tile.vectors, tile.sparse.vectors) * DeviceProfile.cpu.width * MemoryLayout<Float>.size
    #expect(width <= DeviceBuffer.padding)
  }

  @Test func tilesAreLowForSparseOperands() throws {
    /// Whether such a product leaves zeros out on a device, and its tiles.
    func suits(_ rows: Int, isSparse: Bool, _ profile: DeviceProfile) -> (Bool, RegisterTile) {
      let shape = Self.shape((rows, 30, 30), left: false, right: false)
      var program = Program()
      let product = MatrixProduct(shape, isLeftSparse: isSparse, in: &program)
      program.instructions = [.matrixProduct(product)]
      let suited = profile.suited(to: program)
      return (suited.skipsZeros(of: product, in: program), suited.registerTile)
    }
    #expect(suits(4, isSparse: true, .cpu) == (true, .low))
    #expect(suits(6, isSparse: false, .cpu) == (false, .wide))
    // One tile does all terms.
    #expect(suits(3, isSparse: true, .cpu) == (false, .wide))
    #expect(suits(30, isSparse: true, .gpu) == (false, .wide))
    var narrow = DeviceProfile.cpu
    narrow.registerTile = .narrow
    #expect(suits(3, isSparse: true, narrow) == (true, .narrow))
    #expect(suits(2, isSparse: true, narrow) == (false, .narrow))
    // Blocks of rows have whole tiles.
    for tile in [RegisterTile.wide, .narrow] {
      for rows in [4, 5, 24, 25, 100, 300, 784, 1000] {
        var profile = DeviceProfile.cpu
        profile.registerTile = tile.besideSparse
        profile.sparseRowCounts = [rows]
        for chosen in 0...14 {
          profile.choices.tileRows[rows] = chosen
          let (block, dense) = (profile.blockRows(for: rows), profile.tileRows(for: rows))
          #expect(block % tile.sparse.rows == 0 && block % dense == 0, "\(rows) rows")
        }
      }
    }
  }
}
