import FoundationEssentials
import Testing

@testable import Hypertower

@Suite("Models in several files")
struct ModelFileTests {
  private static let parts = [
    "model-00001-of-00002.safetensors": ["w1", "b1"],
    "model-00002-of-00002.safetensors": ["w2", "b2"],
  ]

  private func entry(_ name: String) -> SafetensorsFile.Entry {
    .init(name: name, shape: [1], floats: [Float(name.utf8.last! % 8)])
  }

  /// Writes the two parts and an index into `folder`.
  private func write(
    _ folder: String, parts: [String: [String]] = parts, map: [String: String] = [:],
    text: String? = nil
  ) throws {
    for (name, tensors) in parts {
      try SafetensorsFile(tensors.map(entry)).write(to: "\(folder)/\(name)")
    }
    let names = Self.parts.flatMap { part, tensors in tensors.map { ($0, part) } }
    let places = Dictionary(uniqueKeysWithValues: names).merging(map) { $1 }
    let index = JSONValue.object([
      "metadata": .object(["total_size": .number("16")]),
      "weight_map": .object(places.mapValues { .string($0) }),
    ])
    try Data((text ?? index.text).utf8).write(
      to: URL(filePath: "\(folder)/model.safetensors.index.json"))
  }

  @Test("An index, or the folder that holds it, gives the tensors of all parts")
  func whole() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      for path in [folder, folder + "/", folder + "/model.safetensors.index.json"] {
        let file = try SafetensorsFile(model: path)
        #expect(file.entries.map(\.name).sorted() == ["b1", "b2", "w1", "w2"])
        #expect(file["w2"]?.floats() == [2])
      }
      // A whole model in the folder comes first.
      try SafetensorsFile([entry("w7")]).write(to: folder + "/model.safetensors")
      #expect(try SafetensorsFile(model: folder).entries.map(\.name) == ["w7"])
    }
  }

  @Test("A part alone is refused, and its index named")
  func part() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      let part = folder + "/model-00001-of-00002.safetensors"
      let error = try #require(throws: InputError.self) { try SafetensorsFile(model: part) }
      #expect(error.kind == .badData)
      #expect(error.message.hasSuffix("give its index, \(folder)/model.safetensors.index.json"))
      // By its name alone; one file of one is whole.
      try FileManager.default.removeItem(atPath: folder + "/model.safetensors.index.json")
      let alone = try #require(throws: InputError.self) { try SafetensorsFile(model: part) }
      #expect(alone.message.hasSuffix("model.safetensors.index.json, which is missing"))
      let only = folder + "/model-00001-of-00001.safetensors"
      try FileManager.default.moveItem(atPath: part, toPath: only)
      #expect(try SafetensorsFile(model: only).entries.count == 2)
    }
  }

  @Test("A part without a number is known by the index beside it")
  func unnumberedPart() throws {
    try withTemporaryFolder { folder in
      try write(
        folder, parts: ["a.safetensors": ["w1", "b1"], "b.safetensors": ["w2", "b2"]],
        map: [
          "w1": "a.safetensors", "b1": "a.safetensors", "w2": "b.safetensors",
          "b2": "b.safetensors",
        ])
      #expect(throws: InputError.self) { try SafetensorsFile(model: folder + "/a.safetensors") }
      try SafetensorsFile([entry("w1")]).write(to: folder + "/other.safetensors")
      #expect(try SafetensorsFile(model: folder + "/other.safetensors").entries.count == 1)
    }
  }

  @Test("Indices and parts that do not fit are refused with what is wrong")
  func faults() throws {
    typealias Change = (String) throws -> Void
    let faults: [(message: String, kind: InputError.Kind, change: Change)] = [
      (
        "model-00002-of-00002.safetensors: no such file", .missingInput,
        { try FileManager.default.removeItem(atPath: $0 + "/model-00002-of-00002.safetensors") }
      ),
      (
        "'b2' is not in its part model-00002-of-00002.safetensors", .badData,
        {
          try SafetensorsFile([self.entry("w2")]).write(
            to: $0 + "/model-00002-of-00002.safetensors")
        }
      ),
      (
        "'w1' is in two parts", .badData,
        {
          try self.write(
            $0, parts: ["model-00002-of-00002.safetensors": ["w1", "w2", "b2"]])
        }
      ),
      (
        "weight_map has \"../x.safetensors\" for 'w1'", .badData,
        { try self.write($0, map: ["w1": "../x.safetensors"]) }
      ),
      ("weight_map has \"..\" for 'w1'", .badData, { try self.write($0, map: ["w1": ".."]) }),
      ("has no object weight_map", .badData, { try self.write($0, text: "{}") }),
      (
        "weight_map names no tensors", .badData, { try self.write($0, text: #"{"weight_map":{}}"#) }
      ),
      (
        "weight_map has 1 for 'w1'", .badData,
        { try self.write($0, text: #"{"weight_map":{"w1":1}}"#) }
      ),
      ("bad JSON", .badData, { try self.write($0, text: #"{"weight_map":"#) }),
    ]
    for (message, kind, change) in faults {
      try withTemporaryFolder { folder in
        try write(folder)
        try change(folder)
        let error = try #require(throws: InputError.self, "\(message)") {
          try SafetensorsFile(model: folder + "/model.safetensors.index.json")
        }
        #expect(error.kind == kind && error.message.contains(message), "\(error.message)")
        #expect(error.message.hasPrefix(folder))
      }
    }
  }

  @Test("A folder without a model says what can be named")
  func folder() throws {
    try withTemporaryFolder { folder in
      let empty = try #require(throws: InputError.self) { try SafetensorsFile(model: folder) }
      #expect(empty.kind == .missingInput)
      #expect(empty.message == "\(folder): is a folder without a safetensors file")
      try SafetensorsFile([entry("w1")]).write(to: folder + "/best.safetensors")
      let error = try #require(throws: InputError.self) { try SafetensorsFile(model: folder) }
      #expect(error.message.hasSuffix("name one of its files, best.safetensors"))
    }
  }

  @Test("Files of other kinds are named")
  func foreignFiles() throws {
    let beginnings: [(bytes: [UInt8], kind: String)] = [
      (Array("PK\u{3}\u{4}".utf8) + [20, 0, 0, 0] + Array("archive/data.pkl".utf8), "torch.save"),
      (Array("PK\u{3}\u{4}".utf8) + [20, 0, 0, 0] + Array("w1.npy".utf8), "a zip archive"),
      ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), "HDF5"),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"),
      (Array("<!DOCTYPE html>".utf8), "a web page"),
    ]
    for (bytes, kind) in beginnings {
      let error = try #require(throws: InputError.self) {
        try SafetensorsFile(bytes: bytes + [UInt8](repeating: 32, count: 100), name: "file")
      }
      #expect(error.message.hasPrefix("file: this is ") && error.message.contains(kind))
    }
  }
}
