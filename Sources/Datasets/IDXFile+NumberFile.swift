import Hypertower

extension IDXFile: NumberFile {
  var defaultScale: Double { type.defaultScale }

  func plainFeatures(scale: Double) throws -> Dataset.Features? {
    let (rows, width) = (shape[0], count / shape[0])
    switch (elements, type, scale) {
    // What `Dataset` takes such bytes for.
    case (.read(let bytes), .unsignedByte, 255): return .bytes(bytes)
    case (.mapped(let file, let offset), .unsignedByte, 255):
      return .mapped(try MappedRows(file, .uint8, width: width, offset: offset, count: rows))
    case (.mapped(let file, let offset), .float32, 1):
      return .mapped(
        try MappedRows(
          file, .float32, width: width, offset: offset, count: rows, isBigEndian: true,
          requiresFinite: true))
    case (.read, _, _), (.mapped, _, _): return nil
    }
  }
}
