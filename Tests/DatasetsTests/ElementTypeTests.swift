import Datasets
import Hypertower
import Testing

/// Features and labels of every type, and what they are divided by.
@Suite struct ElementTypeTests {
  /// The training features that are read from `values` of a type.
  private func read(
    _ type: IDXElementType, _ values: [Double], scale: Double? = nil
  ) throws -> (values: [Float], areBytes: Bool) {
    let files = SmallFiles(trainImages: idxFile(type: type, [4, 2], values))
    return features(of: try files.read(.init(scale: scale)).train)
  }

  /// The elements of each type as they lie in a file, the least and the greatest among them.
  @Test(
    arguments: [
      (0x08, [0x00, 0x7F, 0xFF], [0, 127, 255]),
      (0x09, [0x80, 0x00, 0x7F], [-128, 0, 127]),
      (0x0B, [0x80, 0x00, 0xFF, 0xFE, 0x01, 0x02], [-32768, -2, 258]),
      (
        0x0C, [0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x02, 0x03, 0x04],
        [-2_147_483_648, -1, 0x0102_0304]
      ),
      (
        0x0D, [0x3F, 0xC0, 0, 0, 0x80, 0, 0, 1, 0x7F, 0x80, 0, 0],
        [1.5, -0x1p-149, .infinity]
      ),
      (
        0x0E, [0xBF, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0],
        [-0.5, 0x1p-1074, .infinity]
      ),
    ] as [(UInt8, [UInt8], [Double])])
  func elementsAreBigEndian(type: UInt8, bytes: [UInt8], values: [Double]) throws {
    let contents = [0, 0, type, 1, 0, 0, 0, 3] + bytes
    let file = try contents.withUnsafeBytes { try IDXFile(contents: $0, name: "file") }
    #expect(file.type.rawValue == type)
    #expect(file.count == 3)
    #expect(try file.map { $0 } == values)
    #expect(try file.map(from: 1, by: 2) { $0 } == [values[1]])
  }

  private let values: [Double] = [0, 51, 102, 127, 1, 2, 3, 100]

  @Test func integersAreDividedByTheScale() throws {
    for (type, scale) in [
      (IDXElementType.unsignedByte, 255.0), (.signedByte, 255), (.int16, 1), (.int32, 1),
    ] {
      for given in [nil, 255, 100, 0.5] {
        let divisor = given ?? scale
        let read = try read(type, values, scale: given)
        #expect(read.values == values.map { Float($0) / Float(divisor) }, "\(type), \(divisor)")
        // The form that kernels read without conversion.
        #expect(read.areBytes == (type == .unsignedByte && divisor == 255), "\(type), \(divisor)")
      }
    }
  }

  @Test(arguments: [IDXElementType.float32, .float64])
  func floatsStayAsTheyAreUnlessAScaleIsGiven(type: IDXElementType) throws {
    let values = [0, -1.5, 0x1p-149, 3e38, 255, 0.25, 7, -0.0]
    #expect(try read(type, values).values == values.map { Float($0) })
    #expect(try read(type, values, scale: 10).values == values.map { Float($0 / 10) })
  }

  @Test(arguments: [
    (IDXElementType.float32, Double.nan, nil, "is nan, expected"),
    (.float32, -.infinity, nil, "is -inf, expected"),
    (.float64, .infinity, 2, "is inf, divided by 2.0, expected"),
    (.float64, 1e300, nil, "is 1e+300, expected a number that is finite in 32 bits"),
    (.int32, 7, 1e-300, "is 7.0, divided by 1e-300, expected"),
  ])
  func featuresMustBeFinite(type: IDXElementType, value: Double, scale: Double?, message: String) {
    for index in [0, 5, 7] {
      var values = [Double](repeating: 0, count: 8)
      values[index] = value
      let error = #expect(throws: InputError.self) { try read(type, values, scale: scale) }
      #expect(error?.kind == .badData)
      let place = "train-images-idx3-ubyte: feature \(index % 2) of sample \(index / 2) \(message)"
      #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }
  }

  @Test func testFeaturesMustBeFiniteToo() {
    let files = SmallFiles(testImages: idxFile(type: .float32, [2, 2], [0, 0, 0, .nan]))
    let error = #expect(throws: InputError.self) { try files.read() }
    #expect(
      error?.message.contains("t10k-images-idx3-ubyte: feature 1 of sample 1 is nan") == true)
  }

  @Test(arguments: IDXElementType.allCases)
  func labelsMayHaveAnyType(type: IDXElementType) throws {
    let images = try SmallFiles(trainLabels: idxFile(type: type, [4], [2, 0, 1, 2])).read()
    #expect(labels(of: images.train) == [2, 0, 1, 2])
    #expect(images.classCount == 3)
  }

  @Test(arguments: [
    (IDXElementType.signedByte, -1, "-1"), (.int16, -300, "-300"), (.int32, 16_777_216, "16777216"),
    (.float32, 0.5, "0.5"), (.float64, .nan, "nan"), (.float64, .infinity, "inf"),
    (.float64, 1e300, "1e+300"), (.float32, -0.25, "-0.25"),
  ])
  func labelsMustBeWholeNumbers(type: IDXElementType, value: Double, text: String) {
    let files = SmallFiles(trainLabels: idxFile(type: type, [4], [0, 1, value, 2]))
    let error = #expect(throws: InputError.self) { try files.read() }
    #expect(error?.kind == .badData)
    let place = "train-labels-idx1-ubyte: label 2 is \(text), expected a whole number from 0 to"
    #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
  }

  @Test func theFirstOfSeveralColumnsIsTheLabel() throws {
    let rows: [Double] = [2, 9, 300, 0, 8, 301, 1, 7, 302, 2, 6, 303]
    let files = SmallFiles(trainLabels: idxFile(type: .int32, [4, 3], rows))
    let images = try files.read()
    #expect(labels(of: images.train) == [2, 0, 1, 2])
    #expect(images.classCount == 3)
    #expect(images.notes.count == 1)
    #expect(
      images.notes.first?.hasSuffix(
        "/train-labels-idx1-ubyte has 3 columns: the first is taken as the label") == true)
    let one = try SmallFiles(trainLabels: idxFile([4, 1], [2, 0, 1, 2])).read()
    #expect(labels(of: one.train) == [2, 0, 1, 2])
    #expect(one.notes.isEmpty)
  }
}
