import Hypertower
import Testing

@testable import Datasets

@Suite("Samples without labels")
struct UnlabelledSamplesTests {
  private func read(_ text: String, scale: Double? = nil) throws -> UnlabelledSamples {
    try read(Array(text.utf8), scale: scale)
  }

  private func read(_ bytes: [UInt8], scale: Double? = nil) throws -> UnlabelledSamples {
    try UnlabelledSamples(StoredArray(bytes), name: "file", scale: scale)
  }

  @Test("A CSV file has a sample in each line")
  func csv() throws {
    let samples = try read("1, 2.5,-3\r\n\n4e1,5,6\n", scale: 2)
    #expect(samples.count == 2 && samples.shape == [3])
    #expect(samples.features.elements == [0.5, 1.25, -1.5, 20, 2.5, 3])
    #expect(try read("255").features.elements == [255])
    #expect(try read("\n1\n2\n\n\n").features.elements == [1, 2])
  }

  @Test("An IDX file has its own shape, and bytes are divided by 255")
  func idx() throws {
    let bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102]
    let samples = try read(bytes)
    #expect(samples.count == 2 && samples.shape == [1, 2])
    #expect(samples.features.elements == [0, 1, 0.2, 0.4])
    #expect(try read(bytes, scale: 1).features.elements == [0, 255, 51, 102])
  }

  /// An NPY file of elements of a type.
  private func npy(_ type: String, _ shape: String, _ elements: [UInt8]) -> [UInt8] {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    while (header.utf8.count + 11) % 64 != 0 { header += " " }
    header += "\n"
    let mark: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    return mark + [UInt8(header.utf8.count), 0] + Array(header.utf8) + elements
  }

  @Test("An NPY file is read as in training: bytes are divided by 255, channels come first")
  func array() throws {
    let bytes = npy("|u1", "(1, 2, 2, 3)", [0, 51, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    let samples = try read(bytes, scale: 1)
    #expect(samples.count == 1 && samples.shape == [3, 2, 2])
    #expect(samples.features.elements == [0, 1, 4, 7, 51, 2, 5, 8, 255, 3, 6, 9])
    #expect(try read(bytes).features[4] == 0.2)
    let big = try read(npy(">i2", "(2, 1)", [1, 0, 0xFF, 0xFF]))
    #expect(big.shape == [1] && big.features.elements == [256, -1])
    for shape in ["(2,)", "(0, 2)", "()"] {
      let count = shape == "(2,)" ? 2 : shape == "()" ? 1 : 0
      #expect(throws: InputError.self) {
        try read(npy("|u1", shape, [UInt8](repeating: 0, count: count)))
      }
    }
    #expect(try read("\u{FEFF}1,2\n").features.elements == [1, 2])
  }

  @Test(
    "What is wrong is named with its place",
    arguments: [
      ("", "file: has no samples"), ("1,2\n3\n", "line 2 has 1 numbers, expected 2"),
      ("1,2\n\n3,x\n", "line 3, column 2: 'x' is not a number"), ("1,\n", "column 2: ''"),
      ("1 2,3\n", "column 1: '1 2' is not a number"),
      ("1\n\n\n2\n", "line 2 is empty, expected a number"),
      ("1,inf\n", "feature 1 of sample 0 is inf"),
    ])
  func faults(text: String, part: String) {
    #expect {
      _ = try read(text)
    } throws: {
      "\($0)".contains(part)
    }
  }
}
