/// Finds the fastest schedules for products on an OpenCL device by trying them.
package struct ProductTuner {
  /// What was found for a product.
  package struct Finding {
    package let product: MatrixProduct
    /// The fastest schedule.
    package let schedule: ProductSchedule
    /// Milliseconds by default.
    package let before: Double
    /// Milliseconds with the schedule.
    package let after: Double

    package var shape: ProductShape { ProductShape(product) }
  }

  /// With the defaults of the device.
  private let backend: OpenCLBackend
  /// What is better than the defaults.
  package private(set) var choices = TuningChoices()

  /// Milliseconds that a step loses when CLBlast, whose kernels are its own, splits its launch.
  private static let priceOfSplitting = 0.05

  /// - Parameter backend: the device; what was found for it before does not count.
  package init(_ backend: OpenCLBackend) throws { self.backend = try backend.with(TuningChoices()) }

  /// Tries all candidates for products; what is better than the defaults joins `choices`.
  ///
  /// Of products of one shape the first counts for all.
  ///
  /// - Parameter report: is told of every product when it is done.
  package mutating func tune(
    _ products: [MatrixProduct], report: (Finding) throws -> Void
  ) throws {
    var seen: Set<ProductShape> = []
    let products = products.filter { seen.insert(ProductShape($0)).inserted }
    if backend.profile.matrixSchedule == .registerTile { try tuneHeights(products) }
    for product in products { try report(try tune(product)) }
  }

  /// One height for all products of as many rows: blocks of rows go through all of them.
  private mutating func tuneHeights(_ products: [MatrixProduct]) throws {
    let efficient = backend.profile.registerTile.rows
    for rows in Set(products.map(\.rows)).sorted() where rows > efficient.upperBound {
      let own = products.filter { $0.rows == rows }
      let standard = backend.profile.tileRows(for: rows)
      let heights = Set(efficient).union([standard]).sorted()
      var times: [Int: Double] = [:]
      for height in heights {
        var choices = choices
        choices.tileRows[rows] = height
        times[height] = try own.reduce(0) { try $0 + milliseconds($1, choices) }
      }
      let fastest = heights.min { times[$0]! < times[$1]! }!
      if times[fastest]! < times[standard]! * (1 - TuningChoices.leastGain) {
        choices.tileRows[rows] = fastest
      }
    }
  }

  private mutating func tune(_ product: MatrixProduct) throws -> Finding {
    let before = try milliseconds(product, TuningChoices())
    var best = (
      schedule: backend.profile.schedule(for: product), time: try milliseconds(product, choices)
    )
    for candidate in candidates(product) where candidate != best.schedule {
      var choices = choices
      choices.products[ProductShape(product)] = candidate
      // A library may refuse a size or a device.
      guard var time = try? milliseconds(product, choices) else { continue }
      if candidate == .clblast && backend.joinsPhases { time += Self.priceOfSplitting }
      if time < best.time * (1 - TuningChoices.leastGain) {
        best = (candidate, time)
        self.choices.products[ProductShape(product)] = candidate
      }
    }
    return Finding(product: product, schedule: best.schedule, before: before, after: best.time)
  }

  private func candidates(_ product: MatrixProduct) -> [ProductSchedule] {
    let library: [ProductSchedule] = product.suitsCLBlast ? [.clblast] : []
    switch backend.profile.matrixSchedule {
    case .registerTile, .clblast:
      let terms = [0, 6, 12, 24]
      let packings = [(false, false), (false, true), (true, false), (true, true)].filter {
        ($0.1 || !product.right.isTransposed) && !($0.0 && product.left.view != nil)
      }
      return packings.flatMap { left, right in
        terms.map { .tiles(prefetchTerms: $0, packsLeft: left, packsRight: right) }
      } + library
    case .localMemoryTile:
      let tiles = [(32, 2), (64, 4), (128, 8)]
      let splitting = product.inner > MatrixProduct.blockSize ? [false, true] : [false]
      return tiles.flatMap { tile, perItem in
        splitting.map { .localMemory(tile: tile, perItem: perItem, splits: $0) }
      } + library
    }
  }

  /// The median time of the product.
  private func milliseconds(_ product: MatrixProduct, _ choices: TuningChoices) throws -> Double {
    let backend = try backend.with(choices)
    var program = Program()
    program.instructions = [.matrixProduct(product.alone(in: &program))]
    let executable = try backend.prepare(
      program, arrays: try program.buffers.map { try backend.allocate(.real, count: $0.count) })
    func time(_ count: Int) throws -> Double {
      let start = ContinuousClock.now
      try backend.run(executable, from: 0, count: count)
      try backend.synchronize()
      return (ContinuousClock.now - start).seconds * 1000 / Double(count)
    }
    _ = try time(1)
    // Each measurement takes a few milliseconds at least.
    let count = Swift.max(1, Swift.min(100, Int(4 / Swift.max(try time(2), 1e-3))))
    return try (0..<5).map { _ in try time(count) }.sorted()[2]
  }
}
