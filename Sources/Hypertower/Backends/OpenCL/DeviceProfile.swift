internal import OpenCL

/// How kernels are laid out for a kind of device.
package struct DeviceProfile: Sendable, Equatable {
  /// The number of elements that a work-item computes side by side: 16 or 1.
  let width: Int
  /// The number of work-items of a work-group, a power of 2.
  let groupSize: Int
  /// The most work-groups that share a work whose units are many and alike.
  var workGroups: Int
  let matrixSchedule: MatrixSchedule
  /// What a work-item of a CPU computes of a product.
  var registerTile = RegisterTile.wide
  /// The numbers of rows of products that leave out zeros: blocks of them have whole tiles of those.
  var sparseRowCounts: Set<Int> = []
  /// Whether a work-group takes blocks of rows through several layers.
  var cutsRows: Bool
  /// Whether one launch goes through phases one after another, in which work-groups wait for one
  /// another.
  package var joinsPhases: Bool
  /// Whether a launch does works side by side that have barriers, each in work-groups of its own.
  package var mergesBarriers: Bool
  /// The number of work-groups that run at the same time without sharing a core.
  var computeUnits: Int
  /// The number of work-groups that share the phases of a launch: a GPU hides with one what another
  /// waits for.
  var workers: Int { groupSize == 1 ? computeUnits : 2 * computeUnits }
  /// What was found to be faster than the defaults.
  var choices = TuningChoices()
  /// The most arguments of a kernel: OpenCL guarantees 1,024 bytes, which is 128 pointers, and some
  /// are kept in reserve.
  var mostArguments = 120

  /// Which kernel multiplies matrices.
  enum MatrixSchedule: Sendable, Equatable {
    /// A register tile for each work-item, with vectors along rows.
    case registerTile
    /// Tiles in local memory shared by work-groups.
    case localMemoryTile
    /// CLBlast's, followed by a loop nest for the epilogue.
    case clblast
  }

  /// The height of the blocks of rows that a work-group of several work-items takes through layers,
  /// and the side of the tiles of a product that is cut into such blocks.
  static let blockRows = 32
  /// The most that a block of rows costs where blocks are too few to keep a GPU busy: so little that
  /// a work-group is done with it sooner than with waiting for the next launch or phase.
  static let mostBlockCost = 1 << 18
  /// The number of elements of a right operand that every core can keep in a cache of its own.
  static let largestSharedOperand = 1 << 18

  /// The number of floating-point operations of a replay up to which phases are joined. Where a GPU's work takes long,
  /// launches cost nothing, and waiting would; on a CPU one kernel takes less time to compile than many.
  var mostJoinedOperations: Double { groupSize == 1 ? .infinity : 1e10 }
  /// The number of floating-point operations of a replay up to which a launch has several replays. A work-group that
  /// gave up waiting does not return before the launch ends: where a replay takes long, each is a launch of its own.
  var mostRepeatedOperations: Double { groupSize == 1 ? 1e9 : 1e10 }

  /// For devices whose work-items have vector registers of their own.
  package static let cpu = DeviceProfile(
    width: 16, groupSize: 1, workGroups: 64, matrixSchedule: .registerTile, cutsRows: true,
    joinsPhases: true, mergesBarriers: false, computeUnits: 2)
  /// For devices whose work-items are the elements of vectors.
  package static let gpu = DeviceProfile(
    width: 1, groupSize: 256, workGroups: 1024, matrixSchedule: .localMemoryTile, cutsRows: true,
    joinsPhases: false, mergesBarriers: true, computeUnits: 64)
  /// As `cpu`, with CLBlast's matrix products.
  package static let cpuWithCLBlast = DeviceProfile(
    width: 16, groupSize: 1, workGroups: 64, matrixSchedule: .clblast, cutsRows: true,
    joinsPhases: true, mergesBarriers: false, computeUnits: 2)

  /// The number of work-items that share a row of so many elements, a power of 2: few enough that each
  /// has some, for lanes are folded in steps.
  func lanes(for extent: Int) -> Int {
    var lanes = groupSize
    while lanes > 1, (lanes / 2) * Self.elementsPerLane >= extent { lanes /= 2 }
    return lanes
  }

  private static let elementsPerLane = 4

  /// How many of a work's units, rows that `lanes` work-items share, a work-group does.
  func unitsPerGroup(_ units: Int, lanes: Int) -> Int {
    let teams = groupSize / lanes
    let groups = Swift.max(1, Swift.min((units + teams - 1) / teams, workGroups))
    return (units + groups - 1) / groups
  }

  /// How many rows of its results, of all matrices, are a share of a scatter. Each share goes through all indices, so
  /// a CPU has just a few for each core, as they take different times.
  func rowsPerShare(of scatter: ScatterAdd) -> Int {
    let units = scatter.matrices * scatter.rows
    guard groupSize == 1 else {
      return unitsPerGroup(units, lanes: lanes(for: scatter.width))
    }
    let shares = Swift.min(workGroups, Self.sharesPerCore * computeUnits * scatter.matrices)
    return Swift.max(1, (units + shares - 1) / shares)
  }

  private static let sharesPerCore = 4

  /// The height of register tiles of so many rows, unless zeros are left out.
  func tileRows(for rows: Int) -> Int {
    Swift.min(blockRows(for: rows), registerTile.rows.upperBound)
  }

  /// The height of a product's register tiles: of a view, such that rows lie alike in all of them, and that zeros do,
  /// if there is such a height.
  ///
  /// Where terms lie far apart, and where one tile has room for all rows, tiles of few vectors are higher, so that fewer of
  /// them go through all terms.
  func tileRows(of product: MatrixProduct) -> Int {
    let rows = tileRows(for: product.rows)
    guard let view = product.left.view, view.rows.shape.count > 1 else { return rows }
    let vectors = panelVectors(columns: product.columns, most: registerTile.vectors)
    let sums = registerTile.sums / vectors
    let most =
      product.left.liesAlongRows || product.rows <= sums ? sums : registerTile.rows.upperBound
    let even = stride(from: Swift.min(most, product.rows), to: 0, by: -1).first { height in
      view.rows.isEven(for: height) && (view.zeros.map { $0.rowsBelow % height == 0 } ?? true)
    }
    guard let even, even >= registerTile.rows.lowerBound / 2 else { return rows }
    return even
  }

  /// How many vectors wide the panels of a product are, at most `most`: few columns go beyond its last one.
  func panelVectors(columns: Int, most: Int) -> Int {
    let vectors = Swift.max(1, (columns + width - 1) / width)
    let panels = (vectors + most - 1) / most
    return (vectors + panels - 1) / panels
  }

  /// The size of a product's register tiles, unless zeros are left out.
  func tile(of product: MatrixProduct) -> RegisterTile.Size {
    RegisterTile.Size(rows: tileRows(of: product), vectors: registerTile.vectors)
  }

  /// In how many parts a product's terms are done side by side: 1, unless tiles are few and terms many, as in the
  /// gradients of weights that many rows share. The same for tiles of any size, since parts decide the order of sums.
  static func parts(of product: MatrixProduct) -> Int {
    guard product.left.isTransposed || product.left.view != nil else { return 1 }
    let tiles =
      product.matrices * ((product.rows + usualTile.rows - 1) / usualTile.rows)
      * ((product.columns + usualTile.columns - 1) / usualTile.columns)
    guard product.blockCount >= leastPartedBlocks, tiles < enoughTiles else { return 1 }
    let blocks = Swift.max(2, product.blockCount * tiles / (4 * enoughTiles))
    return (product.blockCount + blocks - 1) / blocks
  }

  private static let usualTile = (rows: 12, columns: 32)
  /// The number of blocks of terms from which on they are done in parts.
  private static let leastPartedBlocks = 8
  /// So many tiles are shares enough for all cores.
  private static let enoughTiles = 64

  /// The height of blocks of so many rows: that of a register tile or, where zeros are left out, of
  /// several tiles, which may look for them together. Tuned heights for other tiles do not count there.
  func blockRows(for rows: Int) -> Int {
    guard groupSize == 1 else { return Self.blockRows }
    let greatest = Swift.min(registerTile.rows.upperBound, rows)
    let isSparse = sparseRowCounts.contains(rows)
    let step = isSparse ? registerTile.sparse.rows : 1
    if let chosen = choices.tileRows[rows], 1...greatest ~= chosen, chosen % step == 0 {
      return chosen
    }
    // The one that keeps all cores busy the shortest. A step of a block, most often a tile, costs its rows
    // and about two loads; a rest of rows at the end is a second kernel to build.
    func cost(_ height: Int) -> Int {
      let tiles = (rows + height - 1) / height
      let rounds = (tiles + computeUnits - 1) / computeUnits
      return rounds * (height + 2) * (rows % height == 0 ? 100 : 110)
    }
    let several = 2 * registerTile.rows.upperBound
    let heights =
      (isSparse && several <= rows ? [several] : [])
      + stride(from: greatest / step * step, to: 0, by: -step)
    return heights.min { cost($0) < cost($1) }!
  }

  /// The same with the tiles that suit `program`.
  func suited(to program: Program) -> DeviceProfile {
    var profile = self
    for case .matrixProduct(let product) in program.instructions
    where skipsZeros(of: product, in: program) {
      profile.registerTile = registerTile.besideSparse
      profile.sparseRowCounts.insert(product.rows)
    }
    return profile
  }

  /// Whether the product leaves out terms that are zeros in all rows of a tile, but for its first tile. One in parts
  /// does all terms.
  func skipsZeros(of product: MatrixProduct, in program: Program) -> Bool {
    matrixSchedule == .registerTile && program.buffers[product.left.span.buffer].isSparse
      && product.left.view == nil && product.matrices == 1
      && product.rows > registerTile.sparse.rows && product.inner > 0
      && Self.parts(of: product) == 1
  }

  /// How a product is computed: as was found to be fastest, or by default.
  func schedule(for product: MatrixProduct) -> ProductSchedule {
    switch (choices.products[ProductShape(product)], matrixSchedule) {
    case (.clblast, _) where product.suitsCLBlast: return .clblast
    case (.tiles(let terms, let packsLeft, let packsRight), .registerTile):
      return .tiles(
        prefetchTerms: terms, packsLeft: packsLeft,
        packsRight: packsRight || product.right.isTransposed)
    case (.localMemory(let tile, let perItem, let splits), .localMemoryTile):
      return .localMemory(tile: tile, perItem: perItem, splits: splits)
    case (_, .clblast) where product.suitsCLBlast: return .clblast
    case (_, .registerTile), (_, .clblast): return Self.defaultTiles(product)
    case (_, .localMemoryTile): return defaultLocalMemory(product)
    }
  }

  /// The largest tiles of which every compute unit gets two, or else small ones, whose sums are split
  /// if even these are too few.
  private func defaultLocalMemory(_ product: MatrixProduct) -> ProductSchedule {
    if tiles(of: product, side: 128) >= enoughLocalTiles {
      return .localMemory(tile: 128, perItem: 8, splits: false)
    }
    if tiles(of: product, side: 64) >= enoughLocalTiles {
      return .localMemory(tile: 64, perItem: 4, splits: false)
    }
    return .localMemory(
      tile: 32, perItem: 2, splits: tiles(of: product, side: 32) < enoughLocalTiles)
  }

  /// How many blocks of terms are a part of a product whose sums are split: parts that were far too many would only
  /// pass through memory.
  func partBlocks(of product: MatrixProduct, tile: Int) -> Int {
    let most = 16 * enoughLocalTiles
    return Swift.max(1, (product.blockCount * tiles(of: product, side: tile) + most - 1) / most)
  }

  private var enoughLocalTiles: Int { 2 * computeUnits }

  private func tiles(of product: MatrixProduct, side: Int) -> Int {
    product.matrices * ((product.rows + side - 1) / side)
      * ((product.columns + side - 1) / side)
  }

  /// Operands are packed where tiles would read them across rows so long that each lies on a memory
  /// page of its own, and where there are enough tiles to make up for the copy; a right one that is
  /// transposed always, since tiles read its rows.
  static func defaultTiles(_ product: MatrixProduct) -> ProductSchedule {
    .tiles(
      prefetchTerms: 12,
      packsLeft: product.left.view == nil && product.left.isTransposed && product.columns >= 256
        && product.inner * product.rows > largestSharedOperand,
      packsRight: product.right.isTransposed || product.columns >= 512 && product.rows >= 128)
  }
}

extension DeviceProfile {
  init(for device: OpenCLDevice) {
    switch device.kind {
    case .cpu where device.platformName == "rusticl":
      // Mesa's driver for CPUs is one for GPUs: vectors of 16 keep its compiler busy for minutes. Each
      // access to memory is a loop over the lanes of a register, so the largest tiles are the fastest.
      self = .gpu
      computeUnits = 1
    case .cpu:
      self = .cpu
      computeUnits = device.computeUnits
    case .gpu, .accelerator, .other:
      self = .gpu
      computeUnits = device.computeUnits
    }
    mostArguments = Swift.max(mostArguments, device.maxParameterSize / 8 - 8)
    if device.nativeVectorWidth < width { registerTile = .narrow }
  }
}
