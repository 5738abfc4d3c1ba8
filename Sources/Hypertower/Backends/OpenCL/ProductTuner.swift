internal import OpenCL

/// Finds the fastest schedules for products on an OpenCL device by trying them.
package struct ProductTuner {
  package struct Finding {
    package let shape: ProductShape
    package let schedule: ProductSchedule
    /// Milliseconds by default and with the schedule.
    package let before: Double
    package let after: Double
  }

  private let backend: OpenCLBackend
  package private(set) var choices = TuningChoices()

  /// Less than this share of time gained is noise.
  private static let leastGain = 0.03

  package init(_ backend: OpenCLBackend) { self.backend = backend }

  /// Tries all candidates for products of `shapes`; what is better than the defaults joins
  /// `choices`.
  ///
  /// - Parameter report: is told of every product when it is done.
  package mutating func tune(
    _ shapes: [ProductShape], report: (Finding) throws -> Void
  ) throws {
    var seen: Set<ProductShape> = []
    let shapes = shapes.filter { seen.insert($0).inserted }
    if backend.profile.matrixSchedule == .registerTile { try tuneHeights(shapes) }
    for shape in shapes { try report(try tune(shape)) }
  }

  /// One height for all products of as many rows: blocks of rows go through all of them.
  private mutating func tuneHeights(_ shapes: [ProductShape]) throws {
    for rows in Set(shapes.map(\.rows)).sorted() where rows > DeviceProfile.greatestTileRows {
      let own = shapes.filter { $0.rows == rows }
      let heights = DeviceProfile.leastTileRows...DeviceProfile.greatestTileRows
      var times: [Int: Double] = [:]
      for height in heights {
        var choices = choices
        choices.tileRows[rows] = height
        times[height] = try own.reduce(0) { try $0 + milliseconds($1, choices) }
      }
      let standard = backend.profile.tileRows(for: rows)
      let fastest = heights.min { times[$0]! < times[$1]! }!
      if times[fastest]! < times[standard]! * (1 - Self.leastGain) {
        choices.tileRows[rows] = fastest
      }
    }
  }

  private mutating func tune(_ shape: ProductShape) throws -> Finding {
    let before = try milliseconds(shape, TuningChoices())
    var best = (
      schedule: backend.profile.schedule(for: Self.product(shape).product),
      time: try milliseconds(shape, choices)
    )
    for candidate in candidates(shape) where candidate != best.schedule {
      var choices = choices
      choices.products[shape] = candidate
      // A library may refuse a size or a device.
      guard let time = try? milliseconds(shape, choices) else { continue }
      if time < best.time * (1 - Self.leastGain) {
        best = (candidate, time)
        self.choices.products[shape] = candidate
      }
    }
    return Finding(shape: shape, schedule: best.schedule, before: before, after: best.time)
  }

  private func candidates(_ shape: ProductShape) -> [ProductSchedule] {
    switch backend.profile.matrixSchedule {
    case .registerTile, .clblast:
      let terms = [0, 6, 12, 24]
      let packings = [(false, false), (false, true), (true, false), (true, true)].filter {
        $0.1 || !shape.isRightTransposed
      }
      return packings.flatMap { left, right in
        terms.map { .tiles(prefetchTerms: $0, packsLeft: left, packsRight: right) }
      } + [.clblast]
    case .localMemoryTile:
      return [
        .localMemory(tile: 32, perItem: 2), .localMemory(tile: 64, perItem: 4),
        .localMemory(tile: 128, perItem: 8), .clblast,
      ]
    }
  }

  /// The median time of the product.
  private func milliseconds(_ shape: ProductShape, _ choices: TuningChoices) throws -> Double {
    let backend = try backend.with(choices)
    var program = Program()
    let (product, counts) = Self.product(shape)
    for count in counts { _ = program.addBuffer(.real, count: count) }
    program.instructions = [.matrixProduct(product)]
    let executable = try backend.prepare(
      program, arrays: try counts.map { try backend.allocate(.real, count: $0) })
    func time(_ count: Int) throws -> Double {
      let start = ContinuousClock.now
      try backend.run(executable, from: 0, count: count)
      try backend.synchronize()
      let elapsed = (ContinuousClock.now - start).components
      return (Double(elapsed.seconds) * 1e3 + Double(elapsed.attoseconds) * 1e-15) / Double(count)
    }
    _ = try time(1)
    // Each measurement takes a few milliseconds at least.
    let count = Swift.max(1, Swift.min(100, Int(4 / Swift.max(try time(2), 1e-3))))
    return try (0..<5).map { _ in try time(count) }.sorted()[2]
  }

  /// A product of that shape, and the sizes of its operands and its result.
  private static func product(
    _ shape: ProductShape
  ) -> (product: MatrixProduct, counts: [Int]) {
    var product = MatrixProduct(
      rows: shape.rows, columns: shape.columns, inner: shape.inner,
      left: .init(span: Span(buffer: 0), isTransposed: shape.isLeftTransposed),
      right: .init(span: Span(buffer: 1), isTransposed: shape.isRightTransposed))
    let node = product.epilogue.append(.input(MatrixProduct.productInput))
    product.outputs = [.init(node: node, span: Span(buffer: 2))]
    return (
      product,
      [shape.rows * shape.inner, shape.inner * shape.columns, shape.rows * shape.columns]
    )
  }
}
