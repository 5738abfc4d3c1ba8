import Hypertower

/// An array of numbers of any shape, as the files of MNIST and its kin hold them.
///
/// Format: http://yann.lecun.com/exdb/mnist, at the foot of the page.
package struct IDXFile: Sendable {
  /// What error messages call the file.
  package let name: String
  /// The sizes of the dimensions, outermost first: at least one.
  package let shape: [Int]
  /// The type of the elements.
  package let type: IDXElementType
  /// The elements, each with its most significant byte first.
  let elements: Elements

  /// Where elements lie.
  enum Elements: Sendable {
    case read([UInt8])
    /// In a file, from a byte on.
    case mapped(MappedFile, offset: Int)
  }

  /// The number of elements.
  package var count: Int {
    switch elements {
    case .read(let bytes): bytes.count / type.size
    case .mapped(let file, let offset): (file.size - offset) / type.size
    }
  }

  /// What to tell the user of a file that was not read.
  var mappingNote: String? {
    guard case .mapped(let file, _) = elements else { return nil }
    return
      "\(name): stays on disk, mapped into memory, since its \(file.size) bytes are more than a quarter of "
      + "the machine's memory"
  }

  /// Uncompressed files of more than this share of the machine's memory are mapped, not read.
  package static let mappedShare = 0.25

  /// The elements, each with its most significant byte first.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    switch elements {
    case .read(let bytes): return try bytes.withUnsafeBytes(body)
    case .mapped(let file, let offset):
      try file.check()
      return try body(UnsafeRawBufferPointer(rebasing: file.bytes[offset...]))
    }
  }

  /// Reads the file at `path`, compressed by gzip or not; a large one that is not stays where it is and is mapped
  /// into memory.
  ///
  /// - Parameter limit: the number of bytes of which a file must have more to be mapped; default: a quarter of the
  ///   machine's memory.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is
  ///   damaged.
  package init(
    contentsOf path: String,
    mappedAbove limit: Int = Int(Double(MachineMemory.size) * mappedShare)
  ) throws {
    if let size = FileReader.size(of: path), size > limit {
      let file = try MappedFile(path)
      if !Gzip.isGzip(file.bytes) {
        self = try IDXFile(mapping: file)
        return
      }
    }
    let contents = try FileReader.bytes(of: path)
    self = try contents.withUnsafeBytes { try IDXFile(contents: $0, name: path) }
  }

  private init(mapping file: MappedFile) throws {
    let header = try IDXHeader(
      of: file.bytes, name: file.path, statedSize: UInt32(truncatingIfNeeded: file.size))
    try header.check(byteCount: file.size - header.size, name: file.path)
    self.init(header, name: file.path, .mapped(file, offset: header.size))
  }

  /// Reads a file's contents, compressed by gzip or not, whatever its name says.
  ///
  /// - Throws: `InputError` of kind `.badData` when they are damaged, `.memory` when the elements do
  ///   not fit into this process's memory.
  package init(contents: UnsafeRawBufferPointer, name: String) throws {
    if Gzip.isGzip(contents) {
      // The header comes first and states the size that the output must not exceed.
      let prefix = try Gzip.prefix(IDXHeader.greatestSize, of: contents, name: name)
      guard !prefix.withUnsafeBytes(Gzip.isGzip) else {
        throw InputError(
          .badData,
          "\(name): is compressed twice, a gzip file inside a gzip file: decompress it once (gunzip)"
        )
      }
      let header = try IDXHeader(
        of: prefix, name: name, statedSize: Gzip.statedSize(contents))
      try MachineMemory.check(header.fileSize, for: name)
      var bytes = try Gzip.decompress(contents, name: name, limit: header.fileSize)
      try header.check(byteCount: bytes.count - header.size, name: name)
      bytes.removeFirst(header.size)
      self.init(header, name: name, .read(bytes))
    } else {
      let header = try IDXHeader(
        of: contents, name: name, statedSize: UInt32(truncatingIfNeeded: contents.count))
      try header.check(byteCount: contents.count - header.size, name: name)
      try MachineMemory.check(header.byteCount, for: name)
      self.init(header, name: name, .read(Array(contents[header.size...])))
    }
  }

  /// Bytes of another format.
  init(name: String, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.shape = shape
    type = .unsignedByte
    elements = .read(bytes)
  }

  private init(_ header: IDXHeader, name: String, _ elements: Elements) {
    self.name = name
    shape = header.shape
    type = header.type
    self.elements = elements
  }
}

extension IDXHeader {
  /// Throws unless exactly the bytes that the header states follow it.
  fileprivate func check(byteCount found: Int, name: String) throws {
    guard found == byteCount else {
      let remedy =
        found < byteCount ? "the file is cut short; fetch it again" : "the file is damaged"
      throw InputError(
        .badData,
        "\(name): \(found) bytes follow the header, expected \(byteCount) "
          + "for the dimensions \(shape)\(type.size == 1 ? "" : " of \(type.size)-byte elements"): "
          + remedy)
    }
  }
}
