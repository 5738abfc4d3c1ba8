/// Rows of numbers in a file, read where they lie: the file is mapped into memory, which it may exceed.
///
/// ```swift
/// let images = try MappedRows("images.bin", .uint8, width: 784, offset: 16)
/// let tokens = try MappedRows("train.bin", .uint16)
/// ```
///
/// The file must not change while it is in use. One that became shorter is noticed before a batch is read.
public struct MappedRows: Sendable {
  /// How a number is stored.
  public enum ElementType: Sendable {
    /// Bytes without a sign.
    case uint8
    /// 16 bits without a sign.
    case uint16
    /// 32 bits with a sign.
    case int32
    /// IEEE 754 single precision.
    case float32

    /// The number of bytes.
    var size: Int {
      switch self {
      case .uint8: 1
      case .uint16: 2
      case .int32, .float32: 4
      }
    }
  }

  /// How each number is stored.
  public let type: ElementType
  /// The number of numbers in a row.
  public let width: Int
  /// The number of rows.
  public let count: Int
  package let file: MappedFile
  /// The byte at which the first row begins.
  private let offset: Int
  private let isBigEndian: Bool
  /// Whether a float that is not finite is an error.
  private let requiresFinite: Bool
  /// Which of the file's rows these are; nil: all.
  private(set) var selection: [Int]?

  /// Maps a file of numbers with their least significant byte first.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - type: how each number is stored.
  ///   - width: the number of numbers in a row, ≥ 1; default: 1.
  ///   - offset: the number of bytes before the first row, ≥ 0; default: 0.
  ///   - count: the number of rows; default: all up to the end of the file.
  /// - Throws: `InputError` of kind `.missingInput` when the file is not there or cannot be mapped, `.badData` when
  ///   it does not hold so many whole rows.
  public init(
    _ path: String, _ type: ElementType, width: Int = 1, offset: Int = 0, count: Int? = nil
  ) throws {
    try self.init(MappedFile(path), type, width: width, offset: offset, count: count)
  }

  /// - Parameters:
  ///   - isBigEndian: whether numbers have their most significant byte first; default: false.
  ///   - requiresFinite: whether a float that is not finite is an error; default: false.
  package init(
    _ file: MappedFile, _ type: ElementType, width: Int = 1, offset: Int = 0, count: Int? = nil,
    isBigEndian: Bool = false, requiresFinite: Bool = false
  ) throws {
    require(
      width >= 1 && offset >= 0 && count ?? 0 >= 0,
      "MappedRows: \(count ?? 0) rows of \(width) from byte \(offset) on")
    let (rest, rowSize) = (file.size - offset, width * type.size)
    guard rest >= 0, count != nil || rest.isMultiple(of: rowSize) else {
      throw InputError(
        .badData,
        "\(file.path): \(file.size) bytes are no whole rows of \(rowSize) from byte \(offset) on: the file is "
          + "cut short, or width, type or offset is another")
    }
    let count = count ?? rest / rowSize
    guard count <= rest / rowSize else {
      throw InputError(
        .badData,
        "\(file.path): \(file.size) bytes are too few for \(count) rows of \(rowSize) from byte \(offset) on: "
          + "the file is cut short; fetch it again")
    }
    self.file = file
    self.type = type
    self.width = width
    self.count = count
    self.offset = offset
    self.isBigEndian = isBigEndian
    self.requiresFinite = requiresFinite
  }

  private init(_ rows: MappedRows, selection: [Int]) {
    file = rows.file
    type = rows.type
    width = rows.width
    count = selection.count
    offset = rows.offset
    isBigEndian = rows.isBigEndian
    requiresFinite = rows.requiresFinite
    self.selection = selection
  }

  /// About `most` of the numbers, at equal distances; none if the file was cut short meanwhile.
  package func sample(_ most: Int) -> [Float] {
    let rows = SampleRows(storage: .mapped(self), width: width)
    guard count > 0 else { return [] }
    return stride(from: 0, to: count, by: Swift.max(1, count * width / most / width)).flatMap {
      (try? rows.floats(of: $0..<$0 + 1)) ?? []
    }
  }

  /// The rows with the numbers `indices`, in that order; nothing is copied.
  func selecting(_ indices: some Collection<Int>) -> MappedRows {
    require(
      indices.allSatisfy { $0 >= 0 && $0 < count }, "MappedRows: a row lies outside 0..<\(count)")
    return MappedRows(self, selection: indices.map { selection?[$0] ?? $0 })
  }

  /// What the numbers are in a device's memory.
  var deviceType: Hypertower.ElementType {
    switch type {
    case .uint8: .byte
    case .uint16, .int32: .int32
    case .float32: .real
    }
  }

  /// Copies neighbouring numbers, of one row where rows are selected, as a device has them: bytes, int32, or float32.
  ///
  /// - Precondition: `file.check()` has just found the file whole.
  /// - Throws: `InputError(.badData)` for a float that is not finite, where it must be, or a number of `limit` or
  ///   more.
  func copy(
    _ count: Int, from first: Int, below limit: Int?, to target: UnsafeMutableRawPointer
  ) throws {
    let place = selection.map { $0[first / width] * width + first % width } ?? first
    let source = file.bytes.baseAddress! + offset + place * type.size
    switch type {
    case .uint8: target.copyMemory(from: source, byteCount: count)
    case .uint16:
      let numbers = target.assumingMemoryBound(to: Int32.self)
      for i in 0..<count {
        numbers[i] = Int32(
          ordered(source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)))
      }
    case .int32, .float32:
      if isBigEndian {
        let words = target.assumingMemoryBound(to: UInt32.self)
        for i in 0..<count {
          words[i] = ordered(source.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
        }
      } else {
        target.copyMemory(from: source, byteCount: 4 * count)
      }
    }
    if requiresFinite && type == .float32 {
      try check(count, at: place, target.assumingMemoryBound(to: Float.self)) { $0.isFinite }
    }
    guard let limit else { return }
    switch type {
    case .uint8:
      try check(count, at: place, target.assumingMemoryBound(to: UInt8.self)) { Int($0) < limit }
    case .uint16, .int32:
      try check(count, at: place, target.assumingMemoryBound(to: Int32.self)) {
        $0 >= 0 && Int($0) < limit
      }
    case .float32: break
    }
  }

  private func ordered<Bits: FixedWidthInteger>(_ bits: Bits) -> Bits {
    isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)
  }

  private func check<Number>(
    _ count: Int, at place: Int, _ numbers: UnsafePointer<Number>, _ isRight: (Number) -> Bool
  ) throws {
    for i in 0..<count where !isRight(numbers[i]) {
      let (row, column) = (place + i).quotientAndRemainder(dividingBy: width)
      throw InputError(
        .badData,
        "\(file.path): number \(column) of row \(row) is \(numbers[i]), expected "
          + (type == .float32 ? "a finite number" : "a class or token below the number of them")
          + ": correct the data (rows and numbers are counted from 0)")
    }
  }
}
