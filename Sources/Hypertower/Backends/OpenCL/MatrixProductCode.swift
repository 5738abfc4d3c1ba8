internal import Kernels

/// Writes the sections of a matrix product.
enum MatrixProductCode {
  // MARK: Register tiles

  /// The terms of each pass of a product.
  ///
  /// A left operand that lies along its rows and is not packed is read down its columns: more rows than a core
  /// keeps pages of at hand are done in passes.
  ///
  /// - Parameter skipsZeros: whether the terms of each pass are listed for every tile.
  static func passes(
    _ product: MatrixProduct, isLeftPacked: Bool, skipsZeros: Bool
  ) -> [Range<Int>] {
    let pagesAtHand = 4 * MatrixProduct.blockSize
    var length = product.inner
    if skipsZeros { length = Swift.min(length, mostListedTerms) }
    if product.left.liesAlongRows, !isLeftPacked, length > 2 * pagesAtHand { length = pagesAtHand }
    guard length < product.inner else { return [0..<product.inner] }
    return stride(from: 0, to: product.inner, by: length).map {
      $0..<Swift.min($0 + length, product.inner)
    }
  }

  /// So many terms, a bit each, as a cache keeps beside what a tile works with.
  private static let mostListedTerms = 256 * MatrixProduct.blockSize

  /// - Parameter isCut: whether the product runs with others, block of rows by block of rows.
  static func registerTile(
    _ product: MatrixProduct, _ pass: DeviceWork.TilePass, isCut: Bool, _ profile: DeviceProfile
  ) -> KernelSection {
    let right = pass.right
    let width = panelWidth(product, pass.tile, profile)
    let panelCount = (product.columns + width - 1) / width
    let rows = pass.tile.rows
    let rest = product.rows % rows
    let tiles = (product.rows + rows - 1) / rows
    // Blocks of rows that go through several products need all panels in one group. Where zeros are left
    // out, a group is read more often for as much work.
    let cached = DeviceProfile.largestSharedOperand
    let groupPanels =
      pass.terms.count * product.columns <= cached
      ? panelCount
      : Swift.max(1, cached / (pass.skipsZeros ? 2 : 1) / (pass.terms.count * width))
    let left = LeftOperandCode(product, pass.left, tileRows: rows)
    // Side by side, rows of several tiles are looked at in one go: those of a share.
    let blockTiles = profile.blockRows(for: product.rows) / rows
    let shareTiles = isCut ? blockTiles : Swift.max(1, tiles / (4 * profile.computeUnits))
    let listedTiles =
      pass.skipsZeros && left.hasAdjacentRows ? Swift.min(16 / rows, shareTiles) : 1
    let units = pass.parts * product.matrices * tiles * panelCount
    // So much that taking a share is little beside it, but for shares to remain.
    let unitsForWork = Swift.min(
      leastShare / Swift.max(1, rows * width * pass.partTerms), units / (8 * profile.computeUnits))
    let unitsPerGroup =
      listedTiles > 1
      ? listedTiles * groupPanels : Swift.max(Swift.min(groupPanels, 8), unitsForWork)
    let epilogue = pass.parts > 1 ? Epilogue() : Epilogue(product)
    let body = String(cString: kernels_matrix_product_cpu())
    func tile(_ name: String, rows: Int) -> String {
      "#define TILE \(name)\n" + defining([("TILE_ROWS", rows)], body) + "#undef TILE\n"
    }
    let source = defining(
      [
        ("MATRICES", product.matrices),
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        (
          "RIGHT_MATRIX",
          right == nil ? product.inner * product.columns : panelCount * width * product.inner
        ),
        ("RIGHT_PACKED", right == nil ? 0 : 1), ("SKIPS_ZEROS", pass.skipsZeros ? 1 : 0),
        ("BLOCK", MatrixProduct.blockSize), ("FIRST_TERM", pass.terms.lowerBound),
        ("END_TERM", pass.terms.upperBound), ("TILE_VECTORS", width / profile.width),
        ("PREFETCH_TERMS", pass.prefetchTerms),
        ("PREFETCHES_LEFT", profile.registerTile.asksForNextRows && !isCut ? 1 : 0),
        ("UNROLLED_TERMS", profile.registerTile.unrolledTerms),
        ("PARTS", pass.parts), ("PART_TERMS", pass.partTerms),
        ("UNROLLS_EPILOGUE", unrollsEpilogue(of: product, pass, panelWidth: width) ? 1 : 0),
      ] + left.definitions,
      texts: left.texts + [
        (
          "ASK_FOR_LOADS(row, column)",
          profile.registerTile.asksForNextRows ? epilogue.prefetches : ""
        )
      ],
      left.source
        + epilogue.wrap(
          tile("WHOLE_TILE", rows: rows) + (rest > 0 ? tile("LAST_TILE", rows: rest) : "")
            + defining(
              [
                ("TILE_ROWS", rows), ("HAS_REST", rest > 0 ? 1 : 0), ("TILES", tiles),
                ("PANELS", panelCount), ("GROUP_PANELS", groupPanels),
                ("LISTED_TILES", listedTiles),
              ],
              (pass.skipsZeros ? String(cString: kernels_nonzero_terms()) : "")
                + String(cString: kernels_matrix_product_tiles()))))
    return KernelSection(
      label: product.label + (pass.skipsZeros ? " without zeros" : ""), source: source,
      parameters: left.parameters + [
        .init(
          "global const real *restrict right_buffer",
          .span(right ?? product.right.span))
      ] + (pass.partial.map { [.init("global real *partial", .span($0))] } ?? [])
        + epilogue.arguments.parameters,
      units: units, unitsPerGroup: unitsPerGroup,
      unitsPerBlock: product.matrices == 1
        ? blockTiles * panelCount
        : profile.blockRows(for: product.matrices) * tiles * panelCount)
  }

  /// The number of multiply-adds that a share has at least.
  private static let leastShare = 1 << 18

  /// Whether a tile ends with code for each of its vectors rather than a loop over them, which takes longer than
  /// what little there is to do, but less time to compile.
  private static func unrollsEpilogue(
    of product: MatrixProduct, _ pass: DeviceWork.TilePass, panelWidth: Int
  ) -> Bool {
    let isShort = pass.partial != nil || product.epilogue.nodes.count <= longestUnrolledEpilogue
    return isShort && product.columns % panelWidth == 0
  }

  /// The number of nodes of an epilogue.
  private static let longestUnrolledEpilogue = 4

  /// The number of columns of a tile: few go beyond the last one of the product.
  static func panelWidth(
    _ product: MatrixProduct, _ tile: RegisterTile.Size, _ profile: DeviceProfile
  ) -> Int {
    profile.panelVectors(columns: product.columns, most: tile.vectors) * profile.width
  }

  // MARK: Local memory tiles

  /// - Parameter parts: where the sums of each `partBlocks` blocks of terms lie, if they are units of their own.
  static func localMemoryTile(
    _ product: MatrixProduct, tile: Int, perItem: Int, parts: Span?, partBlocks: Int
  ) -> KernelSection {
    // So many that every work-item brings 8 elements of each operand at once.
    let depth = 8 * (tile / perItem) * (tile / perItem) / tile
    let epilogue = Epilogue(product)
    let columnTiles = (product.columns + tile - 1) / tile
    let tiles = columnTiles * ((product.rows + tile - 1) / tile)
    let partCount = (product.blockCount + partBlocks - 1) / partBlocks
    let places =
      product.left.view.map(LeftOperandCode.places)
      ?? [
        ("ROW_PLACE(row)", "0L"), ("TERM_PLACE(term)", "0L"),
        ("MATRIX_PLACE(matrix)", "((size_t)(matrix) * ROWS * INNER)"),
      ]
    var source = defining(
      [
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        ("LEFT_TRANSPOSED", product.left.liesAlongRows ? 1 : 0),
        ("LEFT_VIEW", product.left.view == nil ? 0 : 1),
        ("PART_TERMS", partBlocks * MatrixProduct.blockSize),
        ("RIGHT_TRANSPOSED", product.right.isTransposed ? 1 : 0),
        ("BLOCK", MatrixProduct.blockSize), ("TILE", tile), ("PER_ITEM", perItem),
        ("DEPTH", depth), ("TILES", tiles), ("COLUMN_TILES", columnTiles),
        ("SPLIT", parts == nil ? 0 : 1), ("MATRICES", product.matrices),
      ],
      texts: places, String(cString: kernels_matrix_product_gpu()))
    var parameters: [KernelSection.Parameter] = [
      .init("global const real *restrict left_buffer", .span(product.left.span)),
      .init("global const real *restrict right_buffer", .span(product.right.span)),
    ]
    if let parts {
      parameters.append(.init("global real *parts", .span(parts)))
    } else {
      source = epilogue.wrap(source)
      parameters += epilogue.arguments.parameters
    }
    return KernelSection(
      label: product.label + (parts == nil ? "" : " in \(partCount) parts"),
      source: source, parameters: parameters,
      units: product.matrices * tiles * (parts == nil ? 1 : partCount), unitsPerGroup: 1,
      unitsPerBlock: columnTiles, localMemory: 2 * depth * (tile + 4))
  }

  // MARK: The epilogue

  /// The elementwise work on a product's elements, as a function that the kernel calls.
  struct Epilogue {
    private(set) var arguments = ArgumentList()
    private let body: String

    /// Statements that ask for what it reads at `row` and `column`, a line for each vector.
    private(set) var prefetches = ""

    /// Nothing, where products stay as they are.
    init() { body = "" }

    init(_ product: MatrixProduct) {
      var arguments = ArgumentList()
      var prefetches = ""
      var body = ScalarCode.statements(
        product.epilogue, outputs: product.outputs.map(\.node), type: "vec", prefix: "n",
        indent: "  "
      ) { input in
        if input == MatrixProduct.productInput { return "product" }
        let load = product.loads[input - 1]
        let address = Self.address(load, arguments.pointer(to: load.span))
        if load.columnStride == 1, !load.rows.strides.isEmpty {
          prefetches += " PREFETCH(\(address), 3);"
        }
        return switch load.columnStride {
        case 0: "(vec)(*(\(address)))"
        case 1: "LOAD(\(address))"
        case let stride: "load_strided(\(address), \(stride), count)"
        }
      }
      for output in product.outputs {
        let target = arguments.pointer(to: output.span, isWritten: true)
        let address =
          "\(target) + row * \(product.columns) + column"
        body += "  \(ScalarCode.store("n\(output.node)", address, extent: product.columns))\n"
      }
      self.body = body
      self.arguments = arguments
      self.prefetches = prefetches
    }

    /// Where a load reads at `row`, counted over all matrices, and `column`.
    private static func address(_ load: MatrixProduct.Load, _ start: String) -> String {
      "\(start) + \(load.rows.code("(row)")) + (column) * \(load.columnStride)"
    }

    /// The epilogue's function, and `source` that calls it.
    func wrap(_ source: String) -> String {
      let parameters = arguments.parameters.map { ", " + $0.declaration }.joined()
      let names = arguments.names.map { ", " + $0 }.joined()
      return """
        static void EPILOGUE(vec product, int row, int column, int count\(parameters)) {
        \(body)}
        #define EPILOGUE_ARGUMENTS \(names)
        \(source)
        #undef EPILOGUE_ARGUMENTS

        """
    }
  }
}
