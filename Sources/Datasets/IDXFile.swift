import Hypertower

/// An array of bytes of any shape, as the files of MNIST and its kin hold them.
///
/// Format: http://yann.lecun.com/exdb/mnist, at the foot of the page.
package struct IDXFile: Sendable {
  /// What error messages call the file.
  package let name: String
  /// The sizes of the dimensions, outermost first: at least one.
  package let shape: [Int]
  package let elements: [UInt8]

  /// Reads the file at `path`, compressed by gzip or not.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is
  ///   damaged.
  package init(contentsOf path: String) throws {
    let contents = try FileReader.bytes(of: path)
    self = try contents.withUnsafeBytes { try IDXFile(contents: $0, name: path) }
  }

  /// Reads a file's contents, compressed by gzip or not, whatever its name may say.
  ///
  /// - Throws: `InputError` of kind `.badData` when they are damaged.
  package init(contents: UnsafeRawBufferPointer, name: String) throws {
    if Gzip.isGzip(contents) {
      // The header comes first, so that the output can be held to the size that it states.
      let prefix = try Gzip.prefix(IDXHeader.greatestSize, of: contents, name: name)
      let header = try IDXHeader(of: prefix, name: name)
      var bytes = try Gzip.decompress(contents, name: name, limit: header.fileSize)
      try header.check(elementCount: bytes.count - header.size, name: name)
      bytes.removeFirst(header.size)
      self.init(name: name, shape: header.shape, elements: bytes)
    } else {
      let header = try IDXHeader(of: contents, name: name)
      try header.check(elementCount: contents.count - header.size, name: name)
      self.init(
        name: name, shape: header.shape, elements: Array(contents[header.size...]))
    }
  }

  private init(name: String, shape: [Int], elements: [UInt8]) {
    self.name = name
    self.shape = shape
    self.elements = elements
  }
}

extension IDXHeader {
  /// Throws unless exactly the elements that the header states follow it.
  fileprivate func check(elementCount found: Int, name: String) throws {
    guard found == elementCount else {
      let remedy =
        found < elementCount ? "the file is cut short; fetch it again" : "the file is damaged"
      throw InputError(
        .badData,
        "\(name): \(found) bytes follow the header, expected \(elementCount) "
          + "for the dimensions \(shape): \(remedy)")
    }
  }
}
