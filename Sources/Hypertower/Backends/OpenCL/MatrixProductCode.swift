internal import Kernels
internal import OpenCL

/// Writes the sections of a matrix product.
enum MatrixProductCode {
  /// The number of work-items that share a tile in local memory.
  static let localMemoryItems = 256
  /// The number of terms of a slice in local memory.
  private static let depth = 16

  static func section(
    _ product: MatrixProduct, panels: Span?, isCut: Bool, _ profile: DeviceProfile
  ) -> KernelSection {
    profile.matrixSchedule == .localMemoryTile
      ? localMemoryTile(product) : registerTile(product, panels: panels, isCut: isCut, profile)
  }

  // MARK: Register tiles

  private static func registerTile(
    _ product: MatrixProduct, panels: Span?, isCut: Bool, _ profile: DeviceProfile
  ) -> KernelSection {
    let vectors = vectors(product, profile)
    let panelCount = panelCount(product, profile)
    let rows = profile.tileRows(for: product.rows)
    let rest = product.rows % rows
    let tiles = (product.rows + rows - 1) / rows
    let isLarge = product.inner * product.columns > DeviceProfile.largestSharedOperand
    let epilogue = Epilogue(product)
    let body = String(cString: kernels_matrix_product_cpu())
    func tile(_ name: String, rows: Int) -> String {
      "#define TILE \(name)\n" + defining([("TILE_ROWS", rows)], body) + "#undef TILE\n"
    }
    let source = defining(
      [
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        ("LEFT_OFFSET", product.left.span.offset),
        ("RIGHT_OFFSET", panels?.offset ?? product.right.span.offset),
        ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
        ("RIGHT_PACKED", panels == nil ? 0 : 1), ("BLOCK", MatrixProduct.blockSize),
        ("TILE_VECTORS", vectors), ("PREFETCHES_LEFT", isCut ? 0 : 1),
      ],
      epilogue.wrap(
        tile("WHOLE_TILE", rows: rows) + (rest > 0 ? tile("LAST_TILE", rows: rest) : "")
          + defining(
            [
              ("TILE_ROWS", rows), ("HAS_REST", rest > 0 ? 1 : 0), ("TILES", tiles),
              ("PANELS", panelCount), ("ROWS_FIRST", isLarge ? 1 : 0),
            ], String(cString: kernels_matrix_product_tiles()))))
    return KernelSection(
      label: product.label, source: source,
      parameters: [
        .init("global const real *restrict left_buffer", .buffer(product.left.span.buffer)),
        .init(
          "global const real *restrict right_buffer",
          .buffer(panels?.buffer ?? product.right.span.buffer)),
      ] + epilogue.arguments.parameters,
      units: tiles * panelCount, unitsPerGroup: isLarge ? 1 : Swift.min(panelCount, 8),
      unitsPerBlock: panelCount)
  }

  private static func vectors(_ product: MatrixProduct, _ profile: DeviceProfile) -> Int {
    product.columns > profile.width ? 2 : 1
  }

  private static func panelCount(_ product: MatrixProduct, _ profile: DeviceProfile) -> Int {
    let columns = vectors(product, profile) * profile.width
    return (product.columns + columns - 1) / columns
  }

  /// The number of elements of a product's right operand in panels.
  static func panelElementCount(_ product: MatrixProduct, _ profile: DeviceProfile) -> Int {
    panelCount(product, profile) * product.inner * vectors(product, profile) * profile.width
  }

  /// Whether the right operand is rearranged first: always if it is transposed, since tiles read
  /// rows, and if its rows are so long that each would lie on a memory page of its own and there
  /// are enough tiles to make up for the copy.
  static func packsRight(_ product: MatrixProduct) -> Bool {
    product.right.isTransposed || (product.columns >= 512 && product.rows >= 128)
  }

  /// Brings the right operand of a product into panels.
  static func pack(
    _ product: MatrixProduct, panels: Span, _ profile: DeviceProfile
  ) -> KernelSection {
    let slices = (product.inner + depth - 1) / depth
    return KernelSection(
      label: "packing [\(product.inner), \(product.columns)]",
      source: defining(
        [
          ("INNER", product.inner), ("COLUMNS", product.columns),
          ("PANEL", vectors(product, profile) * profile.width), ("SLICES", slices),
          ("RIGHT_OFFSET", product.right.span.offset), ("PANELS_OFFSET", panels.offset),
          ("RIGHT_TRANSPOSED", product.right.isTransposed ? 1 : 0),
        ], String(cString: kernels_pack())),
      parameters: [
        .init("global const real *restrict right", .buffer(product.right.span.buffer)),
        .init("global real *restrict panels", .buffer(panels.buffer)),
      ],
      units: slices * panelCount(product, profile), unitsPerGroup: 1)
  }

  // MARK: Local memory tiles

  private static func localMemoryTile(_ product: MatrixProduct) -> KernelSection {
    // Small results get small tiles, so that there is a work-group for every compute unit.
    let (tile, perItem) = product.rows * product.columns >= 1 << 18 ? (64, 4) : (32, 2)
    let epilogue = Epilogue(product)
    let columnTiles = (product.columns + tile - 1) / tile
    let source = defining(
      [
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        ("LEFT_OFFSET", product.left.span.offset), ("RIGHT_OFFSET", product.right.span.offset),
        ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
        ("RIGHT_TRANSPOSED", product.right.isTransposed ? 1 : 0),
        ("BLOCK", MatrixProduct.blockSize), ("TILE", tile), ("PER_ITEM", perItem),
        ("DEPTH", depth), ("COLUMN_TILES", columnTiles),
      ], epilogue.wrap(String(cString: kernels_matrix_product_gpu())))
    return KernelSection(
      label: product.label, source: source,
      parameters: [
        .init("global const real *restrict left_buffer", .buffer(product.left.span.buffer)),
        .init("global const real *restrict right_buffer", .buffer(product.right.span.buffer)),
      ] + epilogue.arguments.parameters,
      units: columnTiles * ((product.rows + tile - 1) / tile), unitsPerGroup: 1,
      localMemory: 2 * depth * (tile + 1))
  }

  // MARK: The epilogue

  /// The elementwise work on a product's elements, as a function that the kernel calls.
  struct Epilogue {
    private(set) var arguments = ArgumentList()
    private let body: String

    init(_ product: MatrixProduct) {
      var arguments = ArgumentList()
      var body = ScalarCode.statements(
        product.epilogue, outputs: product.outputs.map(\.node), type: "vec", prefix: "n",
        indent: "  "
      ) { input in
        if input == MatrixProduct.productInput { return "product" }
        let load = product.loads[input - 1]
        let buffer = arguments.name(load.span.buffer)
        let address =
          "\(buffer) + \(load.span.offset) + row * \(load.rowStride) + column * \(load.columnStride)"
        return switch load.columnStride {
        case 0: "(vec)(*(\(address)))"
        case 1: "LOAD(\(address))"
        case let stride: "load_strided(\(address), \(stride), count)"
        }
      }
      for output in product.outputs {
        let target = arguments.name(output.span.buffer, written: true)
        let address =
          "\(target) + \(output.span.offset) + row * \(product.columns) + column"
        body += "  \(ScalarCode.store("n\(output.node)", address, extent: product.columns))\n"
      }
      self.body = body
      self.arguments = arguments
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
