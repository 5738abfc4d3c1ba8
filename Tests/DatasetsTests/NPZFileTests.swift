import FoundationEssentials
import Hypertower
import Testing

@testable import Datasets

@Suite("NPZ files")
struct NPZFileTests {
  /// NumPy 2.4: `savez_compressed(f, x=x, y=y)` with x, 3 × 2 × 2 bytes from 0 to 11, and y = [0, 2, 1].
  private static let deflated =
    "UEsDBC0AAAAIAAAAIQCaCbEc//////////8FABQAeC5ucHkBABAAjAAAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQrZ"
    + "6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkZApKmjUKtAHuBiYGRiZmFlY+fg"
    + "5OIGAFBLAwQtAAAACAAAACEA5vNVTf//////////BQAUAHkubnB5AQAQAJgAAAAAAAAATAAAAAAAAACb7BfqGxDJyF"
    + "DGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFAAuBihggtKMUBoA"
    + "UEsBAi0DLQAAAAgAAAAhAJoJsRxUAAAAjAAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhAO"
    + "bzVU1MAAAAmAAAAAUAAAAAAAAAAAAAAIABiwAAAHkubnB5UEsFBgAAAAACAAIAZgAAAA4BAAAAAA=="

  /// The same members as Python's zipfile writes them with all sizes in zip64 fields.
  private static let zip64 =
    "UEsDBC0AAAAIAHEVfl2aCbEc//////////8FABQAeC5ucHkBABAAjAAAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQrZ"
    + "6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkZApKmjUKtAHuBiYGRiZmFlY+fg"
    + "5OIGAFBLAwQtAAAACABxFX5d5vNVTf//////////BQAUAHkubnB5AQAQAJgAAAAAAAAATAAAAAAAAACb7BfqGxDJyF"
    + "DGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFAAuBihggtKMUBoA"
    + "UEsBAi0DLQAAAAgAcRV+XZoJsRz//////////wUAFAAAAAAAAAAAAIABAAAAAHgubnB5AQAQAIwAAAAAAAAAVAAAAA"
    + "AAAABQSwECLQMtAAAACABxFX5d5vNVTf//////////BQAcAAAAAAAAAAAAgAH/////eS5ucHkBABgAmAAAAAAAAABM"
    + "AAAAAAAAAIsAAAAAAAAAUEsGBiwAAAAAAAAALQAtAAAAAAAAAAAAAgAAAAAAAAACAAAAAAAAAJYAAAAAAAAADgEAAA"
    + "AAAABQSwYHAAAAAKQBAAAAAAAAAQAAAFBLBQYAAAAAAgACAJYAAAAOAQAAAAA="

  private func bytes(_ text: String) throws -> [UInt8] {
    Array(try #require(Data(base64Encoded: text)))
  }

  @Test("Arrays of NumPy's files are read, with and without zip64", arguments: [deflated, zip64])
  func numPy(file: String) throws {
    let data = try SplitDataset.arrays(npz: bytes(file), name: "file")
    #expect(data.train.count == 3 && data.sampleShape == [2, 2])
    let pixels = (0..<12).map { Float($0) / 255 }
    #expect(features(of: data.train).values == pixels && features(of: data.train).areBytes)
    #expect(try data.train.labels() == [0, 2, 1])
    #expect(data.encoding.classCount == 3 && data.test == nil)
  }

  private func array(_ name: String, _ values: [Float], _ shape: [Int]) -> (String, [UInt8]) {
    (name + ".npy", npyFile(floats: values, shape))
  }

  private func read(_ members: [(String, [UInt8])]) throws -> SplitDataset {
    try SplitDataset.arrays(npz: zipFile(members.map { ($0.0, $0.1) }), name: "file")
  }

  @Test("Parts are found by their names")
  func parts() throws {
    let x: [Float] = [0, 1, 2, 3]
    let keras = try read([
      array("x_train", x, [2, 2]), ("y_train.npy", npyFile(integers: [1, 0], [2])),
      array("x_test", x, [2, 2]), ("y_test.npy", npyFile(integers: [0, 1], [2, 1])),
    ])
    #expect(try keras.test?.labels() == [0, 1] && keras.train.labels() == [1, 0])
    #expect(keras.notes.isEmpty)
    let medical = try read([
      array("train_images", x, [2, 2]), array("train_labels", [1, 0], [2]),
      array("val_images", x, [2, 2]), array("val_labels", [0, 0], [2]),
    ])
    #expect(try medical.validation?.labels() == [0, 0])
    let values = try read([array("X", x, [2, 2]), array("y", [0.5, 2.5], [2])])
    #expect(values.encoding.values == [Standardization(mean: 1.5, deviation: 1)])
    #expect(try values.train.targetRows.floats(of: 0..<2) == [-1, 1])
  }

  @Test("A safetensors file is read like an NPZ file")
  func safetensors() throws {
    let x: [Float] = [0, 1, 2, 3]
    let file = SafetensorsFile([
      .init(name: "x_train", shape: [2, 2], floats: x),
      .init(name: "y_train", shape: [2], doubles: [0.5, 2.5]),
    ])
    try withTemporaryFolder { folder in
      let path = folder + "/data.safetensors"
      try file.write(to: path)
      #expect(DataFormat(of: path) == .safetensors)
      let data = try SplitDataset.arrays(path)
      #expect(data.train.features(of: 0..<2) == x)
      #expect(data.encoding.values == [Standardization(mean: 1.5, deviation: 1)])
    }
  }

  @Test("Several values of each sample are standardized one by one")
  func severalValues() throws {
    let data = try read([array("x", [0, 1, 2], [3, 1]), array("y", [1, 5, 3, 5, 2, 8], [3, 2])])
    #expect(data.encoding.values.map(\.mean) == [2, 6])
    #expect(data.encoding.outputCount == 2)
  }

  @Test("What does not fit together is named")
  func faults() throws {
    func message(_ members: [(String, [UInt8])]) -> String? {
      #expect(throws: InputError.self) { try read(members) }?.message
    }
    #expect(
      message([array("a", [1], [1]), array("b", [1], [1])])
        == "file: has the arrays a, b, expected x_train and y_train, perhaps x_test and y_test, or x and y: save "
        + "them with these names, as numpy.savez(file, x=…, y=…)")
    #expect(
      message([array("x", [1, 2], [2, 1]), array("y", [1.5, 2, 3], [3])])
        == "file: y: shape [3], expected 2 first, a target for each sample of file: x: give arrays of one data set"
    )
    #expect(
      message([array("x", [1, 2], [2, 1]), array("y", [0, 1, 1], [3])])?.contains(
        "3 labels, expected 2") == true)
    #expect(
      message([array("x", [1, 2], [2, 1]), array("y", [0, 1, 1, 0], [2, 2])])?.contains("one-hot")
        == true)
    #expect(
      message([array("x", [1, 2], [2, 1]), array("y", [1], [])])
        == "file: y: is a single number, expected a target for each sample: give an array of targets"
    )
  }

  @Test("Half a part is named, and targets of the training samples alone are none")
  func halves() throws {
    let (x, y) = (array("x_train", [1, 2], [2, 1]), array("y_train", [0, 1], [2]))
    for (others, message) in [
      (
        ["x_test", "y_tst"],
        "file: has x_test, but no y_test, which belongs to it: save both, or neither"
      ),
      (["y_val"], "file: has y_val, but no x_val, which belongs to it: save both, or neither"),
    ] {
      let error = #expect(throws: InputError.self) {
        try read([x, y] + others.map { array($0, [0, 1], [2, 1]) })
      }
      #expect(error?.message == message)
    }
    let members = [x, array("kinds", [0, 1], [2])]
    let parts = try ArrayParts(
      npz: StoredArray(zipFile(members.map { ($0.0, $0.1) })), name: "file", target: "kinds",
      in: MemoryBudget())
    #expect(parts.validation == nil && parts.test == nil)
  }

  @Test("Damage to the archive is named")
  func damage() throws {
    let members = [
      ("x.npy", npyFile(floats: [1, 2], [2, 1])), ("y.npy", npyFile(floats: [0, 1], [2])),
    ]
    let whole = zipFile(members.map { ($0.0, $0.1) })
    #expect(try SplitDataset.arrays(npz: whole, name: "file").train.count == 2)
    func message(_ bytes: [UInt8]) -> String? {
      #expect(throws: InputError.self) { try SplitDataset.arrays(npz: bytes, name: "file") }?
        .message
    }
    #expect(
      message(Array(whole.dropLast(30)))
        == "file: has no directory at its end: the file is cut short or no ZIP file; fetch it again"
    )
    var changed = whole
    changed[30 + 5 + 20] ^= 1
    #expect(
      message(changed)
        == "file: x.npy: has another checksum than the file states: the file is damaged; fetch it again"
    )
    #expect(
      message(zipFile(members.map { ($0.0, $0.1) }, method: 12))
        == "file: x.npy: is compressed by method 12, expected 0 (stored) or 8 (deflated): save it with numpy.savez or "
        + "numpy.savez_compressed")
    // The first bytes, taken as deflated data, end early.
    let deflated = message(zipFile(members.map { ($0.0, $0.1) }, method: 8))
    #expect(
      deflated?.hasPrefix("file: x.npy: ") == true && deflated?.hasSuffix("fetch it again") == true)
  }
}
