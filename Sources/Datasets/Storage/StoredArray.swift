package import Hypertower

/// Numbers that lie in memory, or in a file that is mapped into it and may exceed it.
package struct StoredArray<Element: BitwiseCopyable & Sendable>: Sendable {
  /// Where the elements lie.
  package enum Storage: Sendable {
    case memory([Element])
    /// In a file, from a byte on.
    case mapped(MappedFile, offset: Int)
  }

  package let storage: Storage
  /// The number of elements.
  package let count: Int

  /// Elements in memory.
  package init(_ elements: [Element]) {
    (storage, count) = (.memory(elements), elements.count)
  }

  /// Elements in a file, in the machine's byte order.
  ///
  /// - Precondition: the file has them; `offset` is a multiple of the element's alignment.
  package init(_ file: MappedFile, offset: Int = 0, count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset % MemoryLayout<Element>.alignment == 0
        && count <= (file.size - offset) / MemoryLayout<Element>.stride)
    (storage, self.count) = (.mapped(file, offset: offset), count)
  }

  package var isMapped: Bool {
    if case .mapped = storage { true } else { false }
  }

  /// Throws `InputError(.badData)` if the elements lie in a file that was cut short meanwhile: reading them would end
  /// the program.
  package func check() throws {
    if case .mapped(let file, _) = storage { try file.check() }
  }

  /// Runs `body` on the elements where they lie; of a user's file, `check()` first.
  package func withElements<Result>(
    _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) rethrows -> Result {
    switch storage {
    case .memory(let elements): return try elements.withUnsafeBufferPointer(body)
    case .mapped(let file, let offset):
      let start = file.bytes.baseAddress.map { $0 + offset }
      return try body(
        UnsafeBufferPointer(
          start: start?.assumingMemoryBound(to: Element.self), count: count))
    }
  }

  package subscript(place: Int) -> Element {
    switch storage {
    case .memory(let elements): return elements[place]
    case .mapped(let file, let offset):
      precondition(place >= 0 && place < count)
      return file.bytes.load(
        fromByteOffset: offset + place * MemoryLayout<Element>.stride, as: Element.self)
    }
  }

  /// Some of the elements: a copy of what lies in memory, otherwise a part of the file.
  ///
  /// - Precondition: as for `init(_:offset:count:)`.
  package subscript(range: Range<Int>) -> StoredArray {
    switch storage {
    case .memory(let elements): return StoredArray(Array(elements[range]))
    case .mapped(let file, let offset):
      precondition(range.lowerBound >= 0 && range.upperBound <= count)
      return StoredArray(
        file, offset: offset + range.lowerBound * MemoryLayout<Element>.stride, count: range.count)
    }
  }
}

extension StoredArray<Float> {
  /// The numbers as features, `width` for each sample.
  ///
  /// - Throws: `InputError`, as `MappedRows`.
  func features(width: Int) throws -> Dataset.Features {
    switch storage {
    case .memory(let floats): return .floats(floats)
    case .mapped(let file, let offset):
      return .mapped(
        try MappedRows(file, .float32, width: width, offset: offset, count: count / width))
    }
  }

  /// The numbers as values to predict, `width` for each sample.
  ///
  /// - Throws: `InputError`, as `MappedRows`.
  func targets(width: Int) throws -> Dataset.Targets {
    switch storage {
    case .memory(let floats): return .values(floats, width: width)
    case .mapped(let file, let offset):
      return .mappedValues(
        try MappedRows(file, .float32, width: width, offset: offset, count: count / width))
    }
  }
}

extension StoredArray<UInt8> {
  /// The bytes as features, `width` for each sample.
  ///
  /// - Throws: `InputError`, as `MappedRows`.
  func features(width: Int) throws -> Dataset.Features {
    switch storage {
    case .memory(let bytes): return .bytes(bytes)
    case .mapped(let file, let offset):
      return .mapped(
        try MappedRows(file, .uint8, width: width, offset: offset, count: count / width))
    }
  }
}
