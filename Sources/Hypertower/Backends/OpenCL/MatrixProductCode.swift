internal import Kernels
internal import OpenCL

/// Writes the kernels of a matrix product.
enum MatrixProductCode {
  static func plans(_ product: MatrixProduct, _ profile: DeviceProfile) -> [KernelPlan] {
    switch profile.matrixSchedule {
    case .registerTile: registerTile(product, profile)
    case .localMemoryTile: [localMemoryTile(product, profile)]
    case .clblast: fatalError("MatrixProductCode: CLBlast brings its own kernels")
    }
  }

  // MARK: Schedules

  private static func registerTile(
    _ product: MatrixProduct, _ profile: DeviceProfile
  ) -> [KernelPlan] {
    let vectors = product.columns > profile.width ? 2 : 1
    let tileColumns = vectors * profile.width
    let panels = (product.columns + tileColumns - 1) / tileColumns
    var plans: [KernelPlan] = []
    var right = KernelPlan.Argument.buffer(product.right.span.buffer)
    var rightOffset = product.right.span.offset
    let isPacked = packsRight(product)
    if isPacked {
      let scratch = KernelPlan.Argument.scratch(0, count: panels * product.inner * tileColumns)
      plans.append(pack(product, panels: panels, of: tileColumns, into: scratch))
      right = scratch
      rightOffset = 0
    }
    let rows = tileRows(for: product.rows)
    let epilogue = Epilogue(product)
    let source = defining(
      [
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        ("LEFT_OFFSET", product.left.span.offset), ("RIGHT_OFFSET", rightOffset),
        ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
        ("RIGHT_PACKED", isPacked ? 1 : 0), ("BLOCK", MatrixProduct.blockSize),
        ("TILE_ROWS", rows), ("TILE_VECTORS", vectors),
      ], epilogue.wrap(String(cString: kernels_matrix_product_cpu())))
    plans.append(
      KernelPlan(
        source: source,
        arguments: [.buffer(product.left.span.buffer), right] + epilogue.arguments.arguments,
        size: LaunchSize(global: [(product.rows + rows - 1) / rows, panels], local: [1, 1])))
    return plans
  }

  /// Whether the right operand is rearranged first: always if it is transposed, since tiles read
  /// rows, and if its rows are so long that each would lie on a memory page of its own and there
  /// are enough tiles to make up for the copy.
  private static func packsRight(_ product: MatrixProduct) -> Bool {
    product.right.isTransposed || (product.columns >= 512 && product.rows >= 128)
  }

  /// The height of a tile: with 28 of 32 vector registers for sums at most, the one that wastes
  /// the fewest rows at the end and loads the right operand the fewest times.
  static func tileRows(for rows: Int) -> Int {
    func cost(_ height: Int) -> Int { (rows + height - 1) / height * (height + 2) }
    return (1...min(14, rows)).reversed().min { cost($0) < cost($1) }!
  }

  private static func pack(
    _ product: MatrixProduct, panels: Int, of columns: Int, into scratch: KernelPlan.Argument
  ) -> KernelPlan {
    KernelPlan(
      source: defining(
        [
          ("INNER", product.inner), ("COLUMNS", product.columns), ("PANEL", columns),
          ("RIGHT_OFFSET", product.right.span.offset),
          ("RIGHT_TRANSPOSED", product.right.isTransposed ? 1 : 0),
        ], String(cString: kernels_pack())),
      arguments: [.buffer(product.right.span.buffer), scratch],
      size: LaunchSize(global: [(product.inner + 15) / 16, panels], local: [1, 1]))
  }

  private static func localMemoryTile(
    _ product: MatrixProduct, _ profile: DeviceProfile
  ) -> KernelPlan {
    // Small results get small tiles, so that there is a work-group for every compute unit.
    let (tile, perItem) = product.rows * product.columns >= 1 << 18 ? (64, 4) : (32, 2)
    let epilogue = Epilogue(product)
    let source = defining(
      [
        ("ROWS", product.rows), ("COLUMNS", product.columns), ("INNER", product.inner),
        ("LEFT_OFFSET", product.left.span.offset), ("RIGHT_OFFSET", product.right.span.offset),
        ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
        ("RIGHT_TRANSPOSED", product.right.isTransposed ? 1 : 0),
        ("BLOCK", MatrixProduct.blockSize), ("TILE", tile), ("PER_ITEM", perItem), ("DEPTH", 16),
      ], epilogue.wrap(String(cString: kernels_matrix_product_gpu())))
    let side = tile / perItem
    return KernelPlan(
      source: source,
      arguments: [.buffer(product.left.span.buffer), .buffer(product.right.span.buffer)]
        + epilogue.arguments.arguments,
      size: LaunchSize(
        global: [
          (product.columns + tile - 1) / tile * side, (product.rows + tile - 1) / tile * side,
        ], local: [side, side]))
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
        body +=
          "  store(n\(output.node), \(target) + \(output.span.offset) + row * \(product.columns) "
          + "+ column, count);\n"
      }
      self.body = body
      self.arguments = arguments
    }

    /// The epilogue's function, and `source` that calls it.
    func wrap(_ source: String) -> String {
      let parameters = arguments.declarations.map { ", " + $0 }.joined()
      let names = arguments.names.map { ", " + $0 }.joined()
      return """
        static void EPILOGUE(vec product, int row, int column, int count\(parameters)) {
        \(body)}
        #define EPILOGUE_PARAMETERS \(parameters)
        #define EPILOGUE_ARGUMENTS \(names)
        \(source)
        #undef EPILOGUE_PARAMETERS
        #undef EPILOGUE_ARGUMENTS

        """
    }
  }
}
