/// Where the tensors of a safetensors file lie, by its header.
package struct SafetensorsLayout {
  /// What the header says of one tensor, checked to agree with itself.
  package struct Place {
    package let name: String
    package let elementType: SafetensorsFile.ElementType
    package let shape: [Int]
    /// The byte of the file at which the elements begin.
    package var begin: Int
    /// The byte at which they end.
    package var end: Int
  }

  /// The tensors in the order in which their elements lie in the file.
  package let places: [Place]
  /// Notes by the file's writer.
  package let metadata: [String: String]
  /// Whether the metadata are null rather than absent.
  let hasNullMetadata: Bool

  /// Reads the header of a file, as strictly as the format's reference implementation.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what error messages call the file.
  /// - Throws: `InputError(.badData)` when the file is damaged.
  package init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
    let header: Header
    do {
      header = try Header(of: bytes, name: name)
    } catch {
      if let kind = ForeignFile.kind(of: bytes) { throw fault(name, "this is \(kind)") }
      throw error
    }
    var metadata: [String: String] = [:]
    var places: [Place] = []
    for (key, value) in header.members {
      if key == SafetensorsFile.metadataKey {
        metadata = try Self.metadata(value, fileName: name)
      } else {
        places.append(try Place(key, value, fileName: name))
      }
    }
    // Tensors without elements share their place's start with the next.
    places.sort { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }

    let byteCount = bytes.count - header.end
    var end = 0
    for place in places {
      guard place.begin == end else {
        throw fault(
          name,
          "tensor \(JSONValue.quoted(place.name)) begins at byte \(place.begin) of the data, "
            + "expected \(end), where the one before it ends")
      }
      end = place.end
    }
    guard end == byteCount else {
      throw fault(
        name,
        "the tensors take \(end) bytes, but \(byteCount) follow the header: "
          + "the file is \(end > byteCount ? "cut short" : "too long")")
    }
    self.places = places.map { place in
      var place = place
      place.begin += header.end
      place.end += header.end
      return place
    }
    self.metadata = metadata
    hasNullMetadata = header.members[SafetensorsFile.metadataKey] == JSONValue.null
  }

  private static func metadata(
    _ value: JSONValue, fileName: String
  ) throws -> [String: String] {
    // MLX writes null where there is no metadata.
    if value == .null { return [:] }
    guard let members = value.object else {
      throw fault(fileName, "__metadata__ is \(value.kindName), expected an object")
    }
    return try Dictionary(
      uniqueKeysWithValues: members.map { key, value in
        guard let string = value.string else {
          throw fault(
            fileName,
            "__metadata__ member \(JSONValue.quoted(key)) is \(value.kindName), "
              + "expected a string")
        }
        return (key, string)
      })
  }
}

/// A file's header and where it ends.
private struct Header {
  let members: [String: JSONValue]
  let end: Int

  init(of bytes: UnsafeRawBufferPointer, name: String) throws {
    let lengthSize = MemoryLayout<UInt64>.size
    guard bytes.count >= lengthSize else {
      throw fault(
        name,
        "\(bytes.count == 1 ? "1 byte is" : "\(bytes.count) bytes are") too few for a safetensors file"
      )
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= SafetensorsFile.greatestHeaderSize else {
      throw fault(
        name,
        "the header's length reads \(length), expected at most "
          + "\(SafetensorsFile.greatestHeaderSize): this is no safetensors file")
    }
    end = lengthSize + Int(length)
    guard end <= bytes.count else {
      throw fault(
        name,
        "the header's length reads \(length), but only \(bytes.count - lengthSize) bytes "
          + "follow: the file is cut short or no safetensors file")
    }
    let text = Array(bytes[lengthSize..<end])[...]
    guard text.first(where: { !JSONValue.isWhiteSpace($0) }) == UInt8(ascii: "{") else {
      throw fault(name, "the header does not begin with \"{\": this is no safetensors file")
    }
    let value = try JSONValue(parsing: text, name: "\(name): header")
    guard let members = value.object else {
      throw fault(name, "the header is \(value.kindName), expected an object")
    }
    self.members = members
  }
}

extension SafetensorsLayout.Place {
  fileprivate init(_ name: String, _ value: JSONValue, fileName: String) throws {
    let tensor = "tensor \(JSONValue.quoted(name))"
    func field(_ key: String, _ expected: String) throws -> JSONValue {
      guard let field = value[key] else {
        throw fault(fileName, "\(tensor) has no \(key), expected \(expected)")
      }
      return field
    }
    func sizes(_ key: String, _ expected: String) throws -> [Int] {
      let field = try field(key, expected)
      let sizes = field.array?.compactMap { $0.int.flatMap { $0 >= 0 ? $0 : nil } }
      guard let sizes, sizes.count == field.array?.count else {
        throw fault(fileName, "\(tensor): \(key) is \(field.text), expected \(expected)")
      }
      return sizes
    }

    guard value.object != nil else {
      throw fault(fileName, "\(tensor) is \(value.kindName), expected an object")
    }
    let dtype = try field("dtype", "an element type such as F32")
    guard let typeName = dtype.string else {
      throw fault(fileName, "\(tensor): dtype is \(dtype.text), expected a name such as \"F32\"")
    }
    elementType = SafetensorsFile.ElementType(name: typeName)
    shape = try sizes("shape", "a list of sizes")
    let offsets = try sizes("data_offsets", "where the data begins and ends, [begin, end]")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw fault(
        fileName, "\(tensor): data_offsets is \(offsets), expected [begin, end] in this order")
    }
    // The size of a later version's type is not known.
    if let bitCount = elementType.bitCount {
      guard let size = (shape + [bitCount]).product() else {
        throw fault(fileName, "\(tensor): shape \(shape) is larger than any memory")
      }
      guard size.isMultiple(of: 8) else {
        throw fault(
          fileName,
          "\(tensor): shape \(shape) of \(typeName) takes \(size) bits, which are no whole bytes")
      }
      guard size / 8 == offsets[1] - offsets[0] else {
        throw fault(
          fileName,
          "\(tensor): shape \(shape) of \(typeName) takes \(size / 8) bytes, "
            + "but data_offsets \(offsets) hold \(offsets[1] - offsets[0])")
      }
    }
    self.name = name
    begin = offsets[0]
    end = offsets[1]
  }
}

private func fault(_ fileName: String, _ message: String) -> InputError {
  InputError(.badData, "\(fileName): \(message)")
}
