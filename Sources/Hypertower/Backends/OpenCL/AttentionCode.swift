internal import Kernels

/// Writes the sections of blockwise attention and of its gradient.
enum AttentionCode {
  /// The shares of a gradient that are works of their own: a CPU's work-group does all of a matrix, for which scores
  /// are computed once; on a GPU that would be too few.
  static func shares(
    _ profile: DeviceProfile
  ) -> [BlockwiseAttentionGradient.Share] {
    profile.groupSize == 1 ? [.all] : [.queries, .keysAndValues]
  }

  static func section(
    _ attention: BlockwiseAttention, _ profile: DeviceProfile
  ) -> KernelSection {
    let parameters =
      operands(attention) + [
        .init("global real *restrict means", .span(attention.means)),
        .init("global real *restrict log_sums", .span(attention.logSums)),
      ]
    let label = "attention \(attention.sizes.label)"
    return profile.groupSize == 1
      ? tiled(attention, of: nil, label: label, parameters, profile)
      : shared(attention, of: nil, .queries, label: label, parameters)
  }

  static func section(
    _ gradient: BlockwiseAttentionGradient, _ share: BlockwiseAttentionGradient.Share,
    _ profile: DeviceProfile
  ) -> KernelSection {
    let attention = gradient.attention
    var parameters =
      operands(attention) + [
        .init("global const real *restrict means", .span(attention.means)),
        .init("global const real *restrict log_sums", .span(attention.logSums)),
        .init("global const real *restrict cotangent", .span(gradient.cotangent.span)),
      ]
    if share != .keysAndValues {
      parameters.append(.init("global real *restrict of_queries", .span(gradient.ofQueries)))
    }
    if share != .queries {
      parameters += [
        .init("global real *restrict of_keys", .span(gradient.ofKeys)),
        .init("global real *restrict of_values", .span(gradient.ofValues)),
      ]
    }
    let label = "gradient of attention \(gradient.sizes.label)"
    return profile.groupSize == 1
      ? tiled(attention, of: gradient, label: label, parameters, profile)
      : shared(attention, of: gradient, share, label: label, parameters)
  }

  private static func operands(_ attention: BlockwiseAttention) -> [KernelSection.Parameter] {
    [
      .init("global const real *restrict queries", .span(attention.queries.span)),
      .init("global const real *restrict keys", .span(attention.keys.span)),
      .init("global const real *restrict values", .span(attention.values.span)),
    ]
  }

  /// The sizes, and where operands lie.
  private static func definitions(
    _ attention: BlockwiseAttention, of gradient: BlockwiseAttentionGradient?
  ) -> (numbers: [(String, Int)], texts: [(String, String)]) {
    let sizes = attention.sizes
    var operands = [
      ("QUERY", attention.queries), ("KEY", attention.keys), ("VALUE", attention.values),
    ]
    if let gradient { operands.append(("COTANGENT", gradient.cotangent)) }
    return (
      [
        ("QUERIES", sizes.queries), ("KEYS", sizes.keys), ("HEAD_WIDTH", sizes.width),
        ("HEAD_DEPTH", sizes.depth), ("IS_CAUSAL", sizes.attention.isCausal ? 1 : 0),
        ("IS_GRADIENT", gradient == nil ? 0 : 1),
      ] + operands.map { ("\($0)_ROW", $1.rowStride) },
      [("SCALE", ScalarCode.literal(sizes.attention.scale))]
        + operands.map {
          ("\($0)_PLACE(matrix)", "(\($1.matrices.code("(matrix)", cast: "(long)")))")
        }
    )
  }

  // MARK: Register tiles

  /// The number of keys of a block.
  private static let keyBlock = 64

  private static func tiled(
    _ attention: BlockwiseAttention, of gradient: BlockwiseAttentionGradient?, label: String,
    _ parameters: [KernelSection.Parameter], _ profile: DeviceProfile
  ) -> KernelSection {
    let sizes = attention.sizes
    let vectors = profile.registerTile.vectors
    let queryBlock = vectors * profile.width
    let tileRows = profile.registerTile.rows.lowerBound
    /// A tile of several rows, and one of a row.
    func tiles(_ name: String, _ numbers: [(String, Int)], _ texts: [(String, String)]) -> String {
      [("TILE", tileRows), ("LINE", 1)].map { suffix, rows in
        "#define TILE \(name)_\(suffix)\n"
          + defining(
            [("TILE_ROWS", rows)] + numbers, texts: texts, String(cString: kernels_attention_tile())
          )
          + "#undef TILE\n"
      }.joined()
    }
    let (global, local) = ("global", "private")
    /// Of rows of keys or values with a block of queries: a row for each key.
    func perKey(_ name: String, _ rows: BlockwiseAttention.Rows) -> String {
      tiles(
        name,
        [
          ("TILE_VECTORS", vectors), ("LEFT_ROW", rows.rowStride), ("LEFT_TERM", 1),
          ("RIGHT_TERM", queryBlock), ("TARGET_ROW", queryBlock), ("ADDS", 0),
          ("TARGET_IS_PRIVATE", 1),
        ], [("LEFT_SPACE", global), ("RIGHT_SPACE", local), ("TARGET_SPACE", local)])
    }
    /// Sums over keys, for each element of a query's result.
    func overKeys(_ name: String, _ rows: BlockwiseAttention.Rows) -> String {
      tiles(
        name,
        [
          ("TILE_VECTORS", vectors), ("LEFT_ROW", 1), ("LEFT_TERM", rows.rowStride),
          ("RIGHT_TERM", queryBlock), ("TARGET_ROW", queryBlock), ("ADDS", 1),
          ("TARGET_IS_PRIVATE", 1),
        ], [("LEFT_SPACE", global), ("RIGHT_SPACE", local), ("TARGET_SPACE", local)])
    }
    /// Sums over a block of queries, for each element of a key or a value.
    func overQueries(_ name: String, _ rows: BlockwiseAttention.Rows) -> String {
      tiles(
        name,
        [
          ("TILE_VECTORS", profile.panelVectors(columns: rows.columns, most: vectors)),
          ("LEFT_ROW", queryBlock), ("LEFT_TERM", 1), ("RIGHT_TERM", rows.rowStride),
          ("TARGET_ROW", rows.columns), ("ADDS", 1), ("TARGET_IS_PRIVATE", 0),
        ], [("LEFT_SPACE", local), ("RIGHT_SPACE", global), ("TARGET_SPACE", global)])
    }
    func panel(_ columns: Int) -> Int {
      profile.panelVectors(columns: columns, most: vectors) * profile.width
    }
    var source = perKey("SCORE", attention.keys)
    if let gradient {
      source +=
        perKey("SLOPE", attention.values) + overKeys("QUERY", attention.keys)
        + overQueries("KEY", attention.queries) + overQueries("VALUE", gradient.cotangent)
    } else {
      source += overKeys("MEAN", attention.values)
    }
    let (numbers, texts) = definitions(attention, of: gradient)
    let blocks = (sizes.queries + queryBlock - 1) / queryBlock
    let units = gradient == nil ? sizes.matrices * blocks : sizes.matrices
    return KernelSection(
      label: label,
      source: source
        + defining(
          numbers + [
            ("TILE_ROWS", tileRows), ("QUERY_VECTORS", vectors), ("KEY_BLOCK", keyBlock),
            ("KEY_TILE_COLUMNS", panel(sizes.width)), ("VALUE_TILE_COLUMNS", panel(sizes.depth)),
          ], texts: texts, String(cString: kernels_attention_cpu())),
      parameters: parameters, units: units,
      unitsPerGroup: Swift.max(1, Swift.min(4, units / (sharesPerCore * profile.computeUnits))))
  }

  /// At least so many, as those of causal attention take different times.
  private static let sharesPerCore = 16

  // MARK: Local memory

  /// As in the kernel: the side of a block of scores, the terms of a slice of both operands, and the work-items.
  private static let (block, slice, items) = (64, 16, 256)

  private static func shared(
    _ attention: BlockwiseAttention, of gradient: BlockwiseAttentionGradient?,
    _ share: BlockwiseAttentionGradient.Share, label: String,
    _ parameters: [KernelSection.Parameter]
  ) -> KernelSection {
    let (numbers, texts) = definitions(attention, of: gradient)
    let rows = share == .queries ? attention.sizes.queries : attention.sizes.keys
    return KernelSection(
      label: label + (share == .keysAndValues ? ", keys and values" : ""),
      source: defining(
        numbers + [("IS_OF_KEYS", share == .keysAndValues ? 1 : 0)], texts: texts,
        String(cString: kernels_attention_gpu())),
      parameters: parameters, units: attention.sizes.matrices * ((rows + block - 1) / block),
      unitsPerGroup: 1,
      localMemory: 2 * slice * (block + 1) + block * (block + 1) + items + 2 * block)
  }
}
