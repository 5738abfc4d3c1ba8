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
  package let bytes: [UInt8]

  /// The number of elements.
  package var count: Int { bytes.count / type.size }

  /// Reads the file at `path`, compressed by gzip or not.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is
  ///   damaged.
  package init(contentsOf path: String) throws {
    let contents = try FileReader.bytes(of: path)
    self = try contents.withUnsafeBytes { try IDXFile(contents: $0, name: path) }
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
      self.init(header, name: name, bytes: bytes)
    } else {
      let header = try IDXHeader(
        of: contents, name: name, statedSize: UInt32(truncatingIfNeeded: contents.count))
      try header.check(byteCount: contents.count - header.size, name: name)
      try MachineMemory.check(header.byteCount, for: name)
      self.init(header, name: name, bytes: Array(contents[header.size...]))
    }
  }

  /// Bytes of another format.
  init(name: String, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.shape = shape
    type = .unsignedByte
    self.bytes = bytes
  }

  private init(_ header: IDXHeader, name: String, bytes: [UInt8]) {
    self.name = name
    shape = header.shape
    type = header.type
    self.bytes = bytes
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
