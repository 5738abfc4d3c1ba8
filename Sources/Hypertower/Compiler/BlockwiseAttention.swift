/// For each of several matrices of queries, keys and values:
///
/// ```
/// scores = scale · queries · keysᵀ, −∞ for keys after the query if `isCausal`
/// logSums[i] = log Σ_j exp(scores[i, j])
/// means = softmax(scores) · values
/// ```
///
/// No more of the scores than a block is in memory; those that are −∞ are not computed.
package struct BlockwiseAttention: Sendable {
  /// What attention and its gradient have in common.
  package struct Sizes: Hashable, Sendable {
    package let matrices: Int
    package let queries: Int
    package let keys: Int
    /// The number of elements of a query and of a key.
    package let width: Int
    /// The number of elements of a value.
    package let depth: Int
    package let attention: Attention

    package init(
      matrices: Int, queries: Int, keys: Int, width: Int, depth: Int, attention: Attention
    ) {
      (self.matrices, self.queries, self.keys) = (matrices, queries, keys)
      (self.width, self.depth, self.attention) = (width, depth, attention)
    }

    /// The number of scores that are computed, of all matrices.
    var scores: Int {
      guard attention.isCausal else { return matrices * queries * keys }
      let below = Swift.min(queries, keys)
      return matrices * (below * (below + 1) / 2 + (queries - below) * keys)
    }

    /// The floating-point operations of so many terms for each score.
    fileprivate func operations(terms: Int) -> Double { 2 * Double(scores) * Double(terms) }
  }

  /// Matrices with contiguous rows.
  package struct Rows: Sendable {
    package var span: Span
    package let matrices: MatrixView.Axes
    /// How far apart rows begin, at least 0.
    package let rowStride: Int
    package let rows: Int
    package let columns: Int

    package init(span: Span, matrices: MatrixView.Axes, rowStride: Int, rows: Int, columns: Int) {
      (self.span, self.matrices, self.rowStride) = (span, matrices, rowStride)
      (self.rows, self.columns) = (rows, columns)
    }

    /// How many elements they reach over.
    var reach: Int { matrices.reach.after + (rows - 1) * rowStride + columns }
  }

  package let sizes: Sizes
  /// `[matrices, queries, width]`.
  package var queries: Rows
  /// `[matrices, keys, width]`.
  package var keys: Rows
  /// `[matrices, keys, depth]`.
  package var values: Rows
  /// `[matrices, queries, depth]`.
  package var means: Span
  /// `[matrices, queries]`.
  package var logSums: Span
}

/// What blockwise attention sends back. With P the weights, which are exp(scores − logSums), and Ō the cotangent of
/// the means:
///
/// ```
/// S̄ = P ∘ (Ō · valuesᵀ − Σ_d Ō ∘ means)
/// ofQueries = scale · S̄ · keys,  ofKeys = scale · S̄ᵀ · queries,  ofValues = Pᵀ · Ō
/// ```
package struct BlockwiseAttentionGradient: Sendable {
  /// What of it a backend computes at a time.
  enum Share {
    case all
    /// What goes back to the queries.
    case queries
    /// What goes back to keys and values.
    case keysAndValues
  }

  /// The attention, whose results are read.
  package var attention: BlockwiseAttention
  /// `[matrices, queries, depth]`.
  package var cotangent: BlockwiseAttention.Rows
  /// `[matrices, queries, width]`.
  package var ofQueries: Span
  /// `[matrices, keys, width]`.
  package var ofKeys: Span
  /// `[matrices, keys, depth]`.
  package var ofValues: Span

  package var sizes: BlockwiseAttention.Sizes { attention.sizes }
}

// MARK: What instructions say of themselves

extension BlockwiseAttention.Sizes {
  /// In words.
  var label: String {
    "\(matrices) × [\(queries), \(width)] at [\(keys), \(width)]"
      + (attention.isCausal ? ", causal" : "")
  }

  var structuralFault: String? {
    [matrices, queries, keys, width, depth].contains { $0 < 1 }
      ? "has \(matrices) matrices of [\(queries), \(width)] at [\(keys), \(width)], [\(keys), \(depth)]"
      : nil
  }
}

extension BlockwiseAttention {
  private var operands: [(what: String, rows: Rows)] {
    [("queries", queries), ("keys", keys), ("values", values)]
  }

  private var meanCount: Int { sizes.matrices * sizes.queries * sizes.depth }
  private var logSumCount: Int { sizes.matrices * sizes.queries }

  var structuralFault: String? {
    if let fault = sizes.structuralFault { return fault }
    let shapes = [
      [sizes.queries, sizes.width], [sizes.keys, sizes.width], [sizes.keys, sizes.depth],
    ]
    return zip(operands, shapes).lazy.compactMap { operand, shape in
      operand.rows.fault(shape, matrices: sizes.matrices).map { "\(operand.what): \($0)" }
    }.first
  }

  /// The floating-point operations of its products.
  var operations: Double { sizes.operations(terms: sizes.width + sizes.depth) }

  /// - Parameter writes: whether the results are written; else they are read.
  func accesses(writes: Bool) -> [MemoryAccess] {
    operands.map { MemoryAccess($0.rows.span, count: $0.rows.reach, isWrite: false) } + [
      MemoryAccess(means, count: meanCount, isWrite: writes),
      MemoryAccess(logSums, count: logSumCount, isWrite: writes),
    ]
  }

  func touched(writes: Bool) -> [TouchedMemory] {
    operands.map { TouchedMemory($0.what, $0.rows.span, count: $0.rows.reach) } + [
      TouchedMemory("means", means, count: meanCount, isWrite: writes),
      TouchedMemory("logarithms", logSums, count: logSumCount, isWrite: writes),
    ]
  }

  func mappingSpans(_ mapped: (Span) -> Span) -> BlockwiseAttention {
    var result = self
    result.queries.span = mapped(queries.span)
    result.keys.span = mapped(keys.span)
    result.values.span = mapped(values.span)
    result.means = mapped(means)
    result.logSums = mapped(logSums)
    return result
  }
}

extension BlockwiseAttention.Rows {
  fileprivate func fault(_ shape: Shape, matrices count: Int) -> String? {
    guard [rows, columns] == shape, matrices.shape.elementCount == count else {
      return "are \(matrices.shape.elementCount) × [\(rows), \(columns)], not \(count) × \(shape)"
    }
    return rowStride < 0 || matrices.strides.contains { $0 < 0 }
      ? "lie backwards in memory" : nil
  }
}

extension BlockwiseAttentionGradient {
  private var results: [(what: String, span: Span, count: Int)] {
    let (sizes, matrices) = (sizes, sizes.matrices)
    return [
      ("the queries' gradient", ofQueries, matrices * sizes.queries * sizes.width),
      ("the keys' gradient", ofKeys, matrices * sizes.keys * sizes.width),
      ("the values' gradient", ofValues, matrices * sizes.keys * sizes.depth),
    ]
  }

  var structuralFault: String? {
    attention.structuralFault
      ?? cotangent.fault([sizes.queries, sizes.depth], matrices: sizes.matrices)
      .map { "the cotangent: \($0)" }
  }

  /// The floating-point operations of a share's products.
  func operations(of share: Share) -> Double {
    let (width, depth) = (sizes.width, sizes.depth)
    return switch share {
    case .all: sizes.operations(terms: 3 * width + 2 * depth)
    case .queries: sizes.operations(terms: 2 * width + depth)
    case .keysAndValues: sizes.operations(terms: 2 * width + 2 * depth)
    }
  }

  var accesses: [MemoryAccess] { accesses(of: .all) }

  func accesses(of share: Share) -> [MemoryAccess] {
    let written =
      switch share {
      case .all: results[...]
      case .queries: results.prefix(1)
      case .keysAndValues: results.dropFirst()
      }
    return attention.accesses(writes: false)
      + [MemoryAccess(cotangent.span, count: cotangent.reach, isWrite: false)]
      + written.map { MemoryAccess($0.span, count: $0.count, isWrite: true) }
  }

  var touched: [TouchedMemory] {
    attention.touched(writes: false)
      + [TouchedMemory("the cotangent", cotangent.span, count: cotangent.reach)]
      + results.map { TouchedMemory($0.what, $0.span, count: $0.count, isWrite: true) }
  }

  func mappingSpans(_ mapped: (Span) -> Span) -> BlockwiseAttentionGradient {
    var result = self
    result.attention = attention.mappingSpans(mapped)
    result.cotangent.span = mapped(cotangent.span)
    result.ofQueries = mapped(ofQueries)
    result.ofKeys = mapped(ofKeys)
    result.ofValues = mapped(ofValues)
    return result
  }
}
