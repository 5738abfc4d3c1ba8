import Hypertower
import Testing

/// A file of this header and as many zero bytes after it.
private func file(_ header: String, data count: Int = 0) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    + Array(header.utf8) + [UInt8](repeating: 0, count: count)
}

private func tensor(
  _ name: String = "a", dtype: String = #""F32""#, shape: String = "[2]", offsets: String = "[0,8]"
) -> String {
  "\"\(name)\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

private let badFiles: [(contents: [UInt8], message: String)] = [
  ([], "0 bytes are too few for a safetensors file"),
  ([1, 0, 0, 0, 0, 0, 0], "7 bytes are too few"),
  ([UInt8](repeating: 0xFF, count: 16), "header's length reads 18446744073709551615, expected"),
  (
    [1, 0xE1, 0xF5, 0x05, 0, 0, 0, 0],
    "header's length reads 100000001, expected at most 100000000"
  ),
  ([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], "header's length reads 3, but only 2 bytes follow"),
  (file(""), "the header does not begin with \"{\""),
  (file("  [] "), "header"),
  (file("[]"), "the header does not begin with \"{\""),
  (file("{} {}"), "header: bad JSON at byte 3"),
  (file("{\(tensor()),\(tensor(offsets: "[8,16]"))}", data: 16), "\"a\" is there twice"),
  (file("{\"__metadata__\":{\"k\":\"v\",\"k\":\"v\"}}"), "\"k\" is there twice"),
  (file("{\"__metadata__\":{},\"__metadata__\":{}}"), "\"__metadata__\" is there twice"),
  (file("{\"__metadata__\":[]}"), "__metadata__ is an array, expected an object"),
  (
    file("{\"__metadata__\":{\"k\":1}}"),
    "__metadata__ member \"k\" is the number 1, expected a string"
  ),
  (file("{\"a\":[]}"), "tensor \"a\" is an array, expected an object"),
  (file("{\"a\":{}}"), "tensor \"a\" has no dtype, expected an element type such as F32"),
  (file("{\"a\":{\"dtype\":\"F32\"}}"), "tensor \"a\" has no shape"),
  (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}"), "tensor \"a\" has no data_offsets"),
  (
    file("{\(tensor(dtype: "\"I64\""))}", data: 8),
    "shape [2] of I64 takes 16 bytes, but data_offsets [0, 8] hold 8"
  ),
  (file("{\(tensor(dtype: "32"))}", data: 8), "dtype is 32, expected a name such as \"F32\""),
  (file("{\(tensor(shape: "2"))}", data: 8), "shape is 2, expected a list of sizes"),
  (file("{\(tensor(shape: "[-2]"))}", data: 8), "shape is [-2], expected a list of sizes"),
  (file("{\(tensor(shape: "[2.0]"))}", data: 8), "shape is [2.0], expected a list of sizes"),
  (file("{\(tensor(shape: "[\"2\"]"))}", data: 8), "shape is [\"2\"], expected a list of sizes"),
  (
    file("{\(tensor(shape: "[18446744073709551616]"))}", data: 8),
    "shape is [18446744073709551616], expected a list of sizes"
  ),
  (
    file("{\(tensor(shape: "[4294967296,4294967296]"))}", data: 8),
    "shape [4294967296, 4294967296] is larger than any memory"
  ),
  // 4 · 2⁶² is 0 in 64 bits, which would agree with the offsets.
  (
    file("{\(tensor(shape: "[4611686018427387904]", offsets: "[0,0]"))}"),
    "shape [4611686018427387904] is larger than any memory"
  ),
  (
    file("{\(tensor(shape: "[3]"))}", data: 8),
    "shape [3] of F32 takes 12 bytes, but data_offsets [0, 8] hold 8"
  ),
  (
    file("{\(tensor(dtype: "\"F64\""))}", data: 8),
    "shape [2] of F64 takes 16 bytes, but data_offsets [0, 8] hold 8"
  ),
  (file("{\(tensor(offsets: "[0]"))}", data: 8), "data_offsets is [0], expected [begin, end]"),
  (
    file("{\(tensor(offsets: "[0,8,8]"))}", data: 8), "data_offsets is [0, 8, 8], expected [begin"
  ),
  (
    file("{\(tensor(offsets: "[8,0]"))}", data: 8),
    "data_offsets is [8, 0], expected [begin, end]"
  ),
  (file("{\(tensor(offsets: "[-8,0]"))}", data: 8), "data_offsets is [-8,0], expected"),
  (
    file("{\(tensor(offsets: "[4,12]"))}", data: 12),
    "tensor \"a\" begins at byte 4 of the data, expected 0"
  ),
  (
    file("{\(tensor()),\(tensor("b", offsets: "[12,20]"))}", data: 20),
    "tensor \"b\" begins at byte 12 of the data, expected 8"
  ),
  (
    file("{\(tensor()),\(tensor("b", offsets: "[4,12]"))}", data: 12),
    "tensor \"b\" begins at byte 4 of the data, expected 8"
  ),
  (
    file("{\(tensor()),\(tensor("b", offsets: "[0,8]"))}", data: 8),
    "tensor \"b\" begins at byte 0 of the data, expected 8"
  ),
  (
    file("{\(tensor())}", data: 7), "take 8 bytes, but 7 follow the header: the file is cut short"
  ),
  (file("{\(tensor())}", data: 9), "take 8 bytes, but 9 follow the header: the file is too long"),
]

@Suite struct SafetensorsTests {
  @Test func readsTheReferenceWeights() throws {
    let file = try SafetensorsFile(contentsOf: GoldenTests.initialWeights)
    #expect(file.entries.map(\.name) == ["b1", "b2", "w1", "w2"])
    #expect(file.metadata.isEmpty)
    #expect(file["w3"] == nil)
    let shapes = ["w1": [128, 784], "b1": [128], "w2": [10, 128], "b2": [10]]
    for (name, shape) in shapes {
      let entry = try #require(file[name])
      #expect(entry.name == name)
      #expect(entry.shape == shape)
      #expect(entry.elementType == .float32)
      #expect(entry.floats().count == shape.reduce(1, *))
      #expect(entry.doubles() == entry.floats().map { Double($0) })
    }
    let w1 = try #require(file["w1"]).floats()
    #expect(w1.prefix(3) == [-0.00016994137, -0.029994804, 0.014284812])
    #expect(w1.last == 0.0124703655)
    #expect(w1.allSatisfy { abs($0) <= 1 / 28 })
    #expect(try #require(file["w2"]).floats().last == -0.074944794)
    #expect(try #require(file["b1"]).floats() == [Float](repeating: 0, count: 128))
  }

  @Test func readsBackWhatItWrites() throws {
    let floats: [Float] = [
      0, -0.0, 1.5, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      Float(bitPattern: 0x7FC1_2345), .pi,
    ]
    let doubles: [Double] = [
      .pi, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1, 1e300,
    ]
    let written = SafetensorsFile(
      [
        .init(name: "odd \"name\"\n\\ é😀", shape: [3, 3], floats: floats),
        .init(name: "doubles", shape: [2, 1, 3], doubles: doubles),
        .init(name: "number", shape: [], floats: [7]),
        .init(name: "nothing", shape: [0, 5], floats: []),
        .init(name: "no more", shape: [2, 0], doubles: []),
      ],
      metadata: ["step": "12", "a \"note\"": "\u{1}\n", "": ""])
    let read = try withTemporaryFolder { folder in
      try written.write(to: "\(folder)/file")
      return try SafetensorsFile(contentsOf: "\(folder)/file")
    }
    #expect(read.metadata == written.metadata)
    #expect(
      Set(read.entries.map(\.name)) == [
        "odd \"name\"\n\\ é😀", "doubles", "number", "nothing", "no more",
      ])
    let odd = try #require(read["odd \"name\"\n\\ é😀"])
    #expect(odd.shape == [3, 3])
    #expect(odd.floats().map(\.bitPattern) == floats.map(\.bitPattern))
    let wide = try #require(read["doubles"])
    #expect(wide.shape == [2, 1, 3])
    #expect(wide.elementType == .float64)
    #expect(wide.doubles().map(\.bitPattern) == doubles.map(\.bitPattern))
    #expect(wide.floats() == doubles.map { Float($0) })
    #expect(read["number"]?.shape == [])
    #expect(read["number"]?.floats() == [7])
    #expect(read["nothing"]?.shape == [0, 5])
    #expect(read["nothing"]?.floats() == [])
    #expect(read["no more"]?.doubles() == [])
    #expect(read.serialized() == written.serialized())
  }

  @Test func writesThePaddedHeaderAndAlignedData() {
    let bytes = SafetensorsFile(
      [
        .init(name: "b", shape: [1], floats: [1]),
        .init(name: "a", shape: [1], doubles: [1]),
      ],
      metadata: ["k": "v"]
    ).serialized()
    let header =
      #"{"__metadata__":{"k":"v"},"a":{"data_offsets":[0,8],"dtype":"F64","shape":[1]},"#
      + #""b":{"data_offsets":[8,12],"dtype":"F32","shape":[1]}}"#
    let padding = (8 - header.utf8.count % 8) % 8
    var expected = file(header + String(repeating: " ", count: padding))
    expected += [0, 0, 0, 0, 0, 0, 0xF0, 0x3F] + [0, 0, 0x80, 0x3F]
    #expect(padding > 0)
    #expect(bytes == expected)
  }

  @Test func convertsNarrowElements() throws {
    let header = [
      tensor("half", dtype: #""F16""#, shape: "[5]", offsets: "[0,10]"),
      tensor("brain", dtype: #""BF16""#, shape: "[3]", offsets: "[10,16]"),
    ].joined(separator: ",")
    let patterns: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00, 0x3F80, 0xC049, 0x0001]
    let data = patterns.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let read = try SafetensorsFile(bytes: file("{\(header)}") + data, name: "file")
    let half = try #require(read["half"])
    #expect(half.floats() == [1, -2, 65504, 0x1p-24, .infinity])
    #expect(half.doubles() == [1, -2, 65504, 0x1p-24, .infinity])
    #expect(read["brain"]?.floats() == [1, -3.140625, 0x1p-133])
  }

  /// In order of their names, of the places in the header, or neither: only the offsets count.
  @Test func ordersTensorsByTheirOffsets() throws {
    let header = [
      tensor("b", offsets: "[0,8]"), tensor("c", offsets: "[16,24]"),
      tensor("a", offsets: "[8,16]"), tensor("z", shape: "[0]", offsets: "[16,16]"),
    ].joined(separator: ",")
    let read = try SafetensorsFile(bytes: file("{\(header)} \n", data: 24), name: "file")
    #expect(read.entries.map(\.name) == ["b", "a", "z", "c"])
  }

  /// As MLX 0.32 writes them: no metadata as null, no padding, and floats at odd bytes.
  @Test func readsNullMetadataAndUnalignedElements() throws {
    let header = [
      "\"__metadata__\":null", tensor("flag", dtype: "\"BOOL\"", shape: "[1]", offsets: "[0,1]"),
      tensor("a", offsets: "[1,9]"),
    ].joined(separator: ",")
    let read = try SafetensorsFile(
      bytes: file("{\(header)}") + [1, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], name: "file")
    #expect(read.metadata.isEmpty)
    #expect(read["a"]?.floats() == [1, -2])
    #expect(read["flag"]?.shape == [1])
  }

  @Test func anEmptyFileHoldsNothing() throws {
    #expect(try SafetensorsFile(bytes: file("{}"), name: "file").entries.isEmpty)
    #expect(SafetensorsFile([]).serialized() == file("{}      "))
  }

  @Test func everyTruncationIsAnError() {
    let whole = SafetensorsFile(
      [.init(name: "a", shape: [2], floats: [1, 2]), .init(name: "b", shape: [1], doubles: [3])],
      metadata: ["k": "v"]
    ).serialized()
    for count in whole.indices {
      let error = #expect(throws: InputError.self, "\(count) bytes") {
        try SafetensorsFile(bytes: Array(whole[..<count]), name: "file")
      }
      #expect(error?.kind == .badData)
      #expect(error?.message.hasPrefix("file: ") == true)
    }
  }

  @Test(arguments: badFiles)
  func saysWhatIsWrong(bytes: [UInt8], message: String) {
    let error = #expect(throws: InputError.self) {
      try SafetensorsFile(bytes: bytes, name: "file")
    }
    #expect(error?.kind == .badData)
    #expect(error?.message.hasPrefix("file: ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func saysThatTheFileIsMissing() {
    let error = #expect(throws: InputError.self) {
      try SafetensorsFile(contentsOf: "/no/such/file")
    }
    #expect(error?.kind == .missingInput)
    #expect(error?.message == "/no/such/file: no such file")
  }
}
