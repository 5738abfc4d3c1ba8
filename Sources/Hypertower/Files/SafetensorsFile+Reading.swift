extension SafetensorsFile {
  /// Reads the file at `path`.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when the file cannot be read, `.badData` when
  ///   it is damaged.
  public init(contentsOf path: String) throws {
    try self.init(bytes: FileReader.bytes(of: path), name: path)
  }

  /// Reads a file's contents, as strictly as the format's reference implementation.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what error messages call the file.
  /// - Throws: `InputError` of kind `.badData`, as `init(contentsOf:)`.
  public init(bytes: [UInt8], name: String) throws {
    let layout = try bytes.withUnsafeBytes { try SafetensorsLayout($0, name: name) }
    self.init(
      ordered: layout.places.map {
        Entry(
          name: $0.name, shape: $0.shape, elementType: $0.elementType,
          bytes: bytes[$0.begin..<$0.end])
      },
      metadata: layout.metadata)
    hasNullMetadata = layout.hasNullMetadata
  }
}
