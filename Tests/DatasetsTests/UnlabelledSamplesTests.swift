import Hypertower
import Testing

@testable import Datasets

@Suite("Samples without labels")
struct UnlabelledSamplesTests {
  private func read(_ text: String, scale: Double? = nil) throws -> UnlabelledSamples {
    try UnlabelledSamples(Array(text.utf8), name: "file", scale: scale)
  }

  @Test("A CSV file has a sample in each line")
  func csv() throws {
    let samples = try read("1, 2.5,-3\r\n\n4e1,5,6\n", scale: 2)
    #expect(samples.count == 2 && samples.shape == [3])
    #expect(samples.features == [0.5, 1.25, -1.5, 20, 2.5, 3])
    #expect(try read("255").features == [255])
  }

  @Test("An IDX file has its own shape, and bytes are divided by 255")
  func idx() throws {
    let bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102]
    let samples = try UnlabelledSamples(bytes, name: "file", scale: nil)
    #expect(samples.count == 2 && samples.shape == [1, 2])
    #expect(samples.features == [0, 1, 0.2, 0.4])
    #expect(try UnlabelledSamples(bytes, name: "file", scale: 1).features == [0, 255, 51, 102])
  }

  @Test(
    "What is wrong is named with its place",
    arguments: [
      ("", "file: has no samples"), ("1,2\n3\n", "line 2 has 1 numbers, expected 2"),
      ("1,2\n\n3,x\n", "line 3, column 2: 'x' is not a number"), ("1,\n", "column 2: ''"),
      ("1 2,3\n", "column 1: '1 2' is not a number"),
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
