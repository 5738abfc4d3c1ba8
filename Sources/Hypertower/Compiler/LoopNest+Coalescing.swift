extension LoopNest {
  /// The same nest with as few dimensions as its loads allow: extents of 1 are dropped, neighbours
  /// that every load walks through in one stride are merged.
  ///
  /// - Parameter keepingRows: whether the outermost dimension stays by itself, so that the nest can
  ///   be cut along it.
  func coalesced(keepingRows: Bool) -> LoopNest {
    var result = self
    result.dropUnitDimensions()
    result.mergeDimensions(from: keepingRows ? 1 : 0)
    if result.keptShape.isEmpty { result.insertUnitDimension() }
    return result
  }

  /// The same nest cut into `rows` along the outermost dimension, if the outermost ones are as many together and every
  /// load walks through them in one stride; else the nest as it is.
  func withRows(_ rows: Int) -> LoopNest {
    var result = self
    result.dropUnitDimensions()
    while let first = result.keptShape.first, first < rows, result.keptShape.count > 1,
      result.merge(0)
    {}
    return result.keptShape.first == rows ? result : self
  }

  private var rank: Int { keptShape.count + reducedShape.count }

  private mutating func dropUnitDimensions() {
    for dimension in (0..<rank).reversed() {
      let isKept = dimension < keptShape.count
      let extent = isKept ? keptShape[dimension] : reducedShape[dimension - keptShape.count]
      guard extent == 1, !inputs.contains(.coordinate(dimension: dimension)) else { continue }
      // A nest keeps a reduced dimension: without any it would be read as one of kept ones alone.
      if !isKept && reducedShape.count == 1 { continue }
      remove(dimension)
    }
  }

  private mutating func mergeDimensions(from first: Int) {
    var dimension = rank - 2
    while dimension >= first {
      defer { dimension -= 1 }
      _ = merge(dimension)
    }
  }

  /// Merges a dimension with the next one, if every load walks through both in one stride; returns whether it does.
  private mutating func merge(_ dimension: Int) -> Bool {
    let inner = dimension + 1
    guard inner != keptShape.count,
      !inputs.contains(.coordinate(dimension: dimension)),
      !inputs.contains(.coordinate(dimension: inner))
    else { return false }
    let shape = keptShape + reducedShape
    let isMergeable = inputs.allSatisfy { input in
      input.coefficients.allSatisfy { $0[dimension] == $0[inner] * shape[inner] }
    }
    guard isMergeable else { return false }
    let extent = shape[dimension] * shape[inner]
    if dimension < keptShape.count {
      keptShape[inner] = extent
    } else {
      reducedShape[inner - keptShape.count] = extent
    }
    remove(dimension)
    return true
  }

  /// A single number is one of a vector of one: backends need not know of nests without kept
  /// dimensions.
  private mutating func insertUnitDimension() {
    keptShape = [1]
    inputs = inputs.map { $0.mapping(coefficients: { [0] + $0 }, dimension: { $0 + 1 }) }
  }

  private mutating func remove(_ dimension: Int) {
    if dimension < keptShape.count {
      keptShape.remove(at: dimension)
    } else {
      reducedShape.remove(at: dimension - keptShape.count)
    }
    inputs = inputs.map { input in
      input.mapping(
        coefficients: { all in
          var all = all
          all.remove(at: dimension)
          return all
        }, dimension: { $0 > dimension ? $0 - 1 : $0 })
    }
  }
}
