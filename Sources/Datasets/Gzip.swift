import Hypertower

/// Decompresses gzip files (RFC 1952), strictly.
package enum Gzip {
  /// Whether `contents` begin as a gzip file does.
  package static func isGzip(_ contents: UnsafeRawBufferPointer) -> Bool {
    contents.starts(with: [0x1F, 0x8B])
  }

  /// The bytes to which the gzip file `contents` decompresses, all of its members together.
  ///
  /// - Parameters:
  ///   - name: What error messages call the file.
  ///   - limit: How many bytes may come out, for which there must be memory; more are an error as
  ///     soon as they appear.
  /// Zeros after the last member are ignored.
  ///
  /// - Throws: `InputError` of kind `.badData` when the file is cut short, damaged, followed by
  ///   anything else, or too large.
  package static func decompress(
    _ contents: UnsafeRawBufferPointer, name: String, limit: Int = .max
  ) throws -> [UInt8] {
    var output: [UInt8] = []
    // All at once where the size is known: growing would take three times as much for a moment.
    output.reserveCapacity(limit == .max ? likelySize(contents) : limit)
    try forEachChunk(of: contents, name: name, limit: limit) { output.append(contentsOf: $0) }
    return output
  }

  /// Runs `body` on chunk after chunk of what the gzip file `contents` decompresses to.
  ///
  /// - Parameters:
  ///   - name: What error messages call the file.
  ///   - limit: How many bytes may come out.
  /// - Throws: `InputError`, as `decompress(_:name:limit:)`; what `body` throws.
  static func forEachChunk(
    of contents: UnsafeRawBufferPointer, name: String, limit: Int = .max,
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) throws {
    var rest = limit
    let inflater = Inflater(contents, name: name)
    while let chunk = try inflater.next() {
      guard chunk.count <= rest else {
        throw InputError(
          .badData,
          "\(name): decompresses to more than the \(limit) bytes expected: "
            + "the file is damaged or not the right one")
      }
      rest -= chunk.count
      try body(chunk)
    }
  }

  /// `decompress(_:name:limit:)` of an array.
  package static func decompress(
    _ contents: [UInt8], name: String, limit: Int = .max
  ) throws -> [UInt8] {
    try contents.withUnsafeBytes { try decompress($0, name: name, limit: limit) }
  }

  /// At most the first `count` bytes to which `contents` decompress, whatever follows them.
  static func prefix(
    _ count: Int, of contents: UnsafeRawBufferPointer, name: String
  ) throws -> [UInt8] {
    var output: [UInt8] = []
    let inflater = Inflater(contents, name: name, chunkSize: count)
    while output.count < count, let chunk = try inflater.next() {
      output.append(contentsOf: chunk.prefix(count - output.count))
    }
    return output
  }

  /// The size of the last member as its trailer states it, in the lower 32 bits of a number.
  static func statedSize(_ contents: UnsafeRawBufferPointer) -> UInt32 {
    guard contents.count >= 4 else { return 0 }
    return UInt32(
      littleEndian: contents.loadUnaligned(fromByteOffset: contents.count - 4, as: UInt32.self))
  }

  /// Compressed data are at least this part of what they stand for.
  static let greatestRatio = 1032

  /// A hint that saves growing the output, limited to what a file of images could decompress to.
  private static func likelySize(_ contents: UnsafeRawBufferPointer) -> Int {
    min(Int(statedSize(contents)), 16 * contents.count)
  }
}
