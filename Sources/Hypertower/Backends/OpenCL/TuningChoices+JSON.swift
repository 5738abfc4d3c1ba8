internal import OpenCL

extension TuningChoices {
  /// The file in `directory` that holds what was found for `device`.
  static func path(for device: OpenCLDevice, in directory: String) -> String {
    let key = [device.platformName, device.name, device.driverVersion].joined(separator: "\n")
    return "\(directory)/tuning-\(String(fnv1a64(key.utf8), radix: 16)).json"
  }

  /// What the file says, which may not be there.
  ///
  /// - Throws: `InputError` for a file that is damaged; it names the field.
  init(contentsOf path: String) throws {
    self.init()
    let bytes: [UInt8]
    do {
      bytes = try FileReader.bytes(of: path)
    } catch let error as InputError where error.kind == .missingInput {
      return
    }
    let json = try JSONValue(parsing: bytes, name: path)
    func fault(_ field: String) -> InputError {
      InputError(.badData, "\(path): '\(field)' is damaged; `hypertower tune` writes the file anew")
    }
    guard let entries = json["products"]?.array else { throw fault("products") }
    for entry in entries {
      guard let rows = entry["rows"]?.int, let inner = entry["inner"]?.int,
        let columns = entry["columns"]?.int, let left = entry["left_transposed"]?.bool,
        let right = entry["right_transposed"]?.bool, let schedule = ProductSchedule(entry)
      else { throw fault("products") }
      let shape = ProductShape(
        rows: rows, inner: inner, columns: columns, isLeftTransposed: left,
        isRightTransposed: right)
      products[shape] = schedule
    }
    guard let heights = json["tile_rows"]?.object else { throw fault("tile_rows") }
    for (rows, height) in heights {
      guard let rows = Int(rows), let height = height.int,
        1...RegisterTile.wide.rows.upperBound ~= height
      else { throw fault("tile_rows") }
      tileRows[rows] = height
    }
    if let joins = json["joins_phases"] {
      guard let joins = joins.bool else { throw fault("joins_phases") }
      joinsPhases = joins
    }
  }

  /// The file's contents; equal choices are equal bytes.
  var text: String {
    let entries = products.map { shape, schedule -> JSONValue in
      var members: [String: JSONValue] = [
        "rows": .number("\(shape.rows)"), "inner": .number("\(shape.inner)"),
        "columns": .number("\(shape.columns)"), "left_transposed": .bool(shape.isLeftTransposed),
        "right_transposed": .bool(shape.isRightTransposed),
      ]
      members.merge(schedule.members) { $1 }
      return .object(members)
    }.sorted { $0.text < $1.text }
    var members: [String: JSONValue] = [
      "products": .array(entries),
      "tile_rows": .object(
        Dictionary(uniqueKeysWithValues: tileRows.map { ("\($0)", .number("\($1)")) })),
    ]
    if let joinsPhases { members["joins_phases"] = .bool(joinsPhases) }
    return JSONValue.object(members).text
  }

  /// What a run records of the choices that it uses.
  package var summary: String {
    if isEmpty { return "defaults" }
    let launches = joinsPhases.map { $0 ? "phases joined, " : "phases apart, " } ?? ""
    return "\(products.count) tuned products, \(tileRows.count) tuned heights, \(launches)"
      + String(fnv1a64(text.utf8), radix: 16)
  }
}

extension ProductSchedule {
  fileprivate init?(_ entry: JSONValue) {
    switch entry["schedule"]?.string {
    case "tiles":
      guard let terms = entry["prefetch_terms"]?.int, 0...1024 ~= terms,
        let left = entry["packs_left"]?.bool, let right = entry["packs_right"]?.bool
      else { return nil }
      self = .tiles(prefetchTerms: terms, packsLeft: left, packsRight: right)
    case "local_memory":
      guard let tile = entry["tile"]?.int, let perItem = entry["per_item"]?.int,
        let splits = entry["splits"]?.bool,
        [[32, 2], [64, 4], [128, 8]].contains([tile, perItem])
      else { return nil }
      self = .localMemory(tile: tile, perItem: perItem, splits: splits)
    case "clblast": self = .clblast
    default: return nil
    }
  }

  fileprivate var members: [String: JSONValue] {
    switch self {
    case .tiles(let terms, let left, let right):
      [
        "schedule": .string("tiles"), "prefetch_terms": .number("\(terms)"),
        "packs_left": .bool(left), "packs_right": .bool(right),
      ]
    case .localMemory(let tile, let perItem, let splits):
      [
        "schedule": .string("local_memory"), "tile": .number("\(tile)"),
        "per_item": .number("\(perItem)"), "splits": .bool(splits),
      ]
    case .clblast: ["schedule": .string("clblast")]
    }
  }
}

extension ProductSchedule: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tiles(let terms, let left, let right):
      "register tiles, prefetch \(terms)" + (left ? ", left packed" : "")
        + (right ? ", right packed" : "")
    case .localMemory(let tile, let perItem, let splits):
      "local memory tiles of \(tile), \(perItem) × \(perItem) an item"
        + (splits ? ", sums split" : "")
    case .clblast: "CLBlast"
    }
  }
}
