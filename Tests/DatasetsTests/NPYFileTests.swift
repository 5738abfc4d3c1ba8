import FoundationEssentials
import Hypertower
import Testing

@testable import Datasets

/// An NPY file of version 1 with a header of that text and those elements.
func npyFile(header: String, _ elements: [UInt8]) -> [UInt8] {
  [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + elements
}

/// An NPY file of float32 or int32, the least significant byte first.
func npyFile(floats: [Float], _ shape: [Int]) -> [UInt8] {
  npyFile(header: npyHeader("<f4", shape), floats.flatMap { littleEndian($0.bitPattern) })
}

func npyFile(integers: [Int32], _ shape: [Int]) -> [UInt8] {
  npyFile(header: npyHeader("<i4", shape), integers.flatMap { littleEndian($0) })
}

func npyHeader(_ type: String, _ shape: [Int], isFortran: Bool = false) -> String {
  "{'descr': '\(type)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': "
    + "(\(shape.map { "\($0)," }.joined(separator: " "))), }\n"
}

private func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

@Suite("NPY files")
struct NPYFileTests {
  private func values(_ bytes: [UInt8]) throws -> [Double] {
    try NPYFile(bytes, name: "file").map { $0 }
  }

  /// The bytes of 0, 1, 3 and 250 as elements of a type, the least significant byte first.
  private static func elements(_ type: NPYElementType) -> (bytes: [[UInt8]], values: [Double]) {
    let numbers: [Double] = [0, 1, 3, 250]
    switch type {
    case .bool: return ([[0], [1], [1], [1]], [0, 1, 1, 1])
    case .int8: return ([[0], [1], [3], [250]], [0, 1, 3, -6])
    case .uint8: return ([[0], [1], [3], [250]], numbers)
    case .int16: return ([0, 1, 3, -250].map { littleEndian(Int16($0)) }, [0, 1, 3, -250])
    case .uint16: return ([0, 1, 3, 65_000].map { littleEndian(UInt16($0)) }, [0, 1, 3, 65_000])
    case .int32: return ([0, 1, 3, -70_000].map { littleEndian(Int32($0)) }, [0, 1, 3, -70_000])
    case .uint32: return ([0, 1, 3, 4e9].map { littleEndian(UInt32($0)) }, [0, 1, 3, 4e9])
    case .int64: return ([0, 1, 3, -5e9].map { littleEndian(Int64($0)) }, [0, 1, 3, -5e9])
    case .uint64: return ([0, 1, 3, 1e19].map { littleEndian(UInt64($0)) }, [0, 1, 3, 1e19])
    // 250 is 1.1111010 · 2⁷: exponent 15 + 7, fraction 1111010000.
    case .float16: return ([[0, 0], [0, 0x3C], [0, 0x42], [0xD0, 0x5B]], numbers)
    case .float32: return (numbers.map { littleEndian(Float($0).bitPattern) }, numbers)
    case .float64: return (numbers.map { littleEndian($0.bitPattern) }, numbers)
    }
  }

  /// The product of the other sizes need not be a number.
  @Test("Images of which there are none may have any size")
  func noImages() throws {
    let header = npyHeader("|u1", [0, 1 << 40, 1 << 40, 3])
    let file = try NPYFile(npyFile(header: header, []), name: "x.npy")
    #expect(try file.withChannelsFirst().shape == [0, 3, 1 << 40, 1 << 40])
  }

  @Test("Elements of every type and byte order are read", arguments: NPYElementType.allCases)
  func elementTypes(type: NPYElementType) throws {
    let (bytes, expected) = Self.elements(type)
    #expect(bytes.allSatisfy { $0.count == type.size })
    let mark = type.size == 1 ? "|" : "<"
    let header = npyHeader(mark + type.rawValue, [4])
    #expect(try values(npyFile(header: header, Array(bytes.joined()))) == expected)
    let big = npyHeader(">" + type.rawValue, [4])
    #expect(try values(npyFile(header: big, bytes.flatMap { $0.reversed() })) == expected)
  }

  @Test("A matrix whose first index runs fastest is read row after row")
  func fortranOrder() throws {
    let file = try NPYFile(
      npyFile(header: npyHeader("|u1", [2, 3], isFortran: true), [1, 4, 2, 5, 3, 6]), name: "file")
    #expect(file.shape == [2, 3])
    #expect(try file.map { $0 } == [1, 2, 3, 4, 5, 6])
  }

  /// NumPy 2.4: `numpy.asfortranarray([[0, 1, 2], [3, 4, 250]])` as `>f2`, of version 2.
  private static let fromNumPy =
    "k05VTVBZAgB0AAAAeydkZXNjcic6ICc+ZjInLCAnZm9ydHJhbl9vcmRlcic6IFRydWUsICdzaGFwZSc6ICgyLCAzKS"
    + "wgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAEIAPABE"
    + "AEAAW9A="

  @Test("A file of NumPy's is read")
  func numPy() throws {
    let file = try NPYFile(
      Array(try #require(Data(base64Encoded: Self.fromNumPy))), name: "file")
    #expect(file.shape == [2, 3] && file.type == .float16)
    #expect(try file.map { $0 } == [0, 1, 2, 3, 4, 250])
  }

  @Test("Channels that come last are brought to the front")
  func channelsFirst() throws {
    let file = try NPYFile(
      npyFile(header: npyHeader("|u1", [1, 2, 2, 3]), Array(0..<12)), name: "file"
    ).withChannelsFirst()
    #expect(file.shape == [1, 3, 2, 2])
    #expect(try file.map { $0 } == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
  }

  @Test("A large file is mapped, and its numbers are the same")
  func mapped() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npy"
      try AtomicFile.write(npyFile(floats: [1, 2, 3, 4, 5, 6], [3, 2]), to: path)
      let file = try NPYFile(contentsOf: path, in: MemoryBudget(limit: 0))
      guard let features = try file.plainFeatures(scale: 1), case .mapped(let rows) = features
      else {
        Issue.record("expected rows of the file")
        return
      }
      #expect(rows.count == 3 && rows.width == 2)
      let data = Dataset(
        count: 3, featureCount: 2, features: features, targets: .values([0, 0, 0], width: 1))
      #expect(data.features(of: 1..<3) == [3, 4, 5, 6])
    }
  }

  @Test(
    "What cannot be read is named with the remedy",
    arguments: [
      (Array("NUMPY".utf8), "does not begin as an NPY file: give one that numpy.save wrote"),
      (
        [0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0, 0, 0],
        "is of version 4 of the NPY format, expected 1 to 3: save it with another version of NumPy"
      ),
      (
        [0x93] + Array("NUMPY".utf8) + [1, 0, 50, 0, 0x7B, 0],
        "ends in its header: the file is cut short; save it again"
      ),
      (
        npyFile(header: "[]", []),
        "has a header that is no Python dictionary (from byte 10 on): the file is damaged; save it again"
      ),
      (
        npyFile(header: "{'descr': '<f4'}", []),
        "has a header without 'fortran_order' or 'shape': the file is damaged; save it again"
      ),
      (
        npyFile(header: npyHeader("|O", [2]), []),
        "holds Python objects (dtype object), which are code and not read, expected numbers: save numbers, as "
          + "x.astype(numpy.float32), or of arrays of different lengths one file each"
      ),
      (
        npyFile(header: npyHeader("<U2", [2]), []),
        "holds texts (dtype <U2), expected numbers: save the classes' numbers, as numpy.unique(y, "
          + "return_inverse=True)[1] gives them"
      ),
      (
        npyFile(header: npyHeader("<c16", [2]), []),
        "holds complex numbers (dtype <c16), expected real ones: save numbers, as x.astype(numpy.float32) of x.real"
      ),
      (
        npyFile(header: npyHeader("<M8[ns]", [2]), []),
        "holds elements of dtype <M8[ns], expected numbers: save numbers, as x.astype(numpy.float32)"
      ),
      (
        npyFile(
          header: "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }",
          [0, 0, 0, 0]),
        "holds records of several fields, expected plain numbers: save the fields as arrays of their own"
      ),
      (
        npyFile(header: npyHeader("<f4", [2, 3]), [0, 0, 0, 0]),
        "4 bytes follow the header, expected 24 for the shape [2, 3] of 4-byte elements: the file is cut short; "
          + "save it again"
      ),
      (
        npyFile(header: npyHeader("|u1", [1]), [0, 0]),
        "2 bytes follow the header, expected 1 for the shape [1] of 1-byte elements: the file is damaged; save it "
          + "again"
      ),
      (
        npyFile(header: npyHeader("<f8", [1 << 40, 1 << 40]), []),
        "states the shape [1099511627776, 1099511627776], which no file can have: the file is damaged"
      ),
    ] as [([UInt8], String)])
  func faults(bytes: [UInt8], message: String) {
    let error = #expect(throws: InputError.self) { try NPYFile(bytes, name: "file") }
    #expect(error?.kind == .badData)
    #expect(error?.message == "file: " + message)
  }
}
