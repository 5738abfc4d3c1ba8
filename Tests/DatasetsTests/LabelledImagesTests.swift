import Datasets
import Hypertower
import Testing

private let trainImages = "train-images-idx3-ubyte"
private let trainLabels = "train-labels-idx1-ubyte"
private let testImages = "t10k-images-idx3-ubyte"
private let testLabels = "t10k-labels-idx1-ubyte"

/// An IDX file of `shape` with the elements 0, 1, 2….
private func idx(_ shape: [UInt8]) -> [UInt8] {
  idx(shape, (0..<shape.reduce(1) { $0 * Int($1) }).map { UInt8($0) })
}

private func idx(_ shape: [UInt8], _ elements: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, 0, $0] } + elements
}

/// Three images of 2 × 4 pixels to train on, two to test with, of three classes.
private let smallDataSet = [
  trainImages: idx([3, 2, 4]),
  trainLabels: idx([3], [2, 0, 1]),
  testImages: idx([2, 2, 4]),
  testLabels: idx([2], [0, 2]),
]

/// Reads `files` from a folder after the shell has run `prepare` in it.
private func read(_ files: [String: [UInt8]], prepare: String = "true") throws -> LabelledImages {
  try withTemporaryFolder { folder in
    for (name, contents) in files { try AtomicFile.write(contents, to: "\(folder)/\(name)") }
    _ = try outputOfShell("cd \(folder) && \(prepare)")
    return try LabelledImages.directory(folder)
  }
}

private let unfitFiles: [(name: String, contents: [UInt8], message: String)] = [
  (trainImages, idx([3]), "\(trainImages): 1 dimension, expected at least 2"),
  (trainLabels, idx([3, 1, 1]), "\(trainLabels): 3 dimensions, expected 1"),
  (testLabels, idx([2, 2, 4]), "\(testLabels): 3 dimensions, expected 1"),
  (trainLabels, idx([2]), "\(trainLabels): 2 labels, expected 3, one for each image of"),
  (testLabels, idx([3]), "\(testLabels): 3 labels, expected 2, one for each image of"),
  (trainImages, idx([0, 2, 4]), "\(trainImages): no pixels (the dimensions are [0, 2, 4])"),
  (testImages, idx([2, 0, 4]), "\(testImages): no pixels (the dimensions are [2, 0, 4])"),
  (
    testImages, idx([2, 4, 2]),
    "\(testImages): images of 4 × 2 (8 values), expected 2 × 4 (8 values) as in"
  ),
  (testImages, idx([2, 9]), "images of 9 (9 values), expected 2 × 4 (8 values)"),
  (
    testLabels, idx([2], [0, 3]),
    "\(testLabels): label 1 is 3, which is out of range: those of"
  ),
  (testLabels, idx([2]).dropLast(), "\(testLabels): 1 bytes follow the header, expected 2"),
]

@Suite struct LabelledImagesTests {
  @Test(arguments: [
    "true",
    "gzip *",
    "gzip --keep *",
    "gzip t10k-*",
    "for file in *; do mv $file ${file%%-idx*}.${file#*-*-}; done",
    "for file in *; do mv $file ${file%%-idx*}.${file#*-*-}; done; gzip *",
    "gzip * && for file in *; do mv $file ${file%.gz}; done",
  ])
  func readsEveryFormOfTheFiles(prepare: String) throws {
    let images = try read(smallDataSet, prepare: prepare)
    #expect(images.classCount == 3)
    #expect(images.featureCount == 8)
    #expect(images.train.count == 3)
    #expect(images.test?.count == 2)
    #expect(images.test?.featureCount == 8)
    guard case .bytes(let pixels) = images.train.features,
      case .classes(let labels, let classCount) = images.train.targets
    else {
      Issue.record("expected bytes and classes")
      return
    }
    #expect(pixels == Array(0..<24))
    #expect(labels == [2, 0, 1])
    #expect(classCount == 3)
  }

  @Test(arguments: [([3, 5], 5), ([3, 7, 1], 7), ([3, 2, 2, 3], 12), ([3, 1], 1)])
  func imagesMayHaveAnyShape(shape: [UInt8], featureCount: Int) throws {
    var files = smallDataSet
    files[trainImages] = idx(shape)
    files[testImages] = idx([2] + shape.dropFirst())
    #expect(try read(files).featureCount == featureCount)
  }

  @Test func thereAreAtLeastTwoClasses() throws {
    var files = smallDataSet
    files[trainLabels] = idx([3], [0, 0, 0])
    files[testLabels] = idx([2], [0, 0])
    #expect(try read(files).classCount == 2)
    files[trainLabels] = idx([3], [1, 4, 1])
    #expect(try read(files).classCount == 5)
  }

  @Test func classesThatDoNotOccurAreTold() throws {
    var files = smallDataSet
    files[trainLabels] = idx([3], [1, 0, 200])
    let images = try read(files)
    #expect(images.classCount == 201)
    #expect(images.notes.count == 1 && images.notes[0].contains("201"))
    #expect(try read(smallDataSet).notes.isEmpty)
  }

  @Test(arguments: unfitFiles)
  func saysWhichFileDoesNotFit(name: String, contents: [UInt8], message: String) {
    var files = smallDataSet
    files[name] = contents
    let error = #expect(throws: InputError.self) { try read(files) }
    #expect(error?.kind == .badData)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [trainImages, trainLabels, testImages, testLabels])
  func saysWhichFileIsMissing(name: String) {
    var files = smallDataSet
    files[name] = nil
    let error = #expect(throws: InputError.self) { try read(files) }
    #expect(error?.kind == .missingInput)
    #expect(
      error?.message.contains(": no file \(name)") == true,
      "\(error?.message ?? "")")
  }

  @Test(arguments: ["/no/such/folder", "/dev/null", ""])
  func saysThatTheFolderIsMissing(path: String) {
    let error = #expect(throws: InputError.self) { try LabelledImages.directory(path) }
    #expect(error?.kind == .missingInput)
    #expect(
      error?.message.hasPrefix("\(path): ") == true
        && error?.message.contains(" folder, expected one that holds") == true)
  }

  @Test func aFolderInAFilesPlaceIsNoFile() {
    let error = #expect(throws: InputError.self) {
      try read(smallDataSet, prepare: "rm \(testLabels); mkdir \(testLabels)")
    }
    #expect(error?.kind == .missingInput)
    #expect(error?.message.contains("no file \(testLabels)") == true)
  }

  @Test func oneHotLabelsAreRefused() throws {
    let rows: [[Double]] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]
    for type in [IDXElementType.unsignedByte, .float32] {
      let error = #expect(throws: InputError.self) {
        try SmallFiles(trainLabels: idxFile(type: type, [4, 3], rows.flatMap { $0 })).read()
      }
      #expect(error?.kind == .badData)
      #expect(error?.message.contains("train-labels-idx1-ubyte: every label is a row of 3") == true)
      #expect(error?.message.contains("argmax") == true)
    }
    // Columns of other kinds are not.
    let columns: [Double] = [1, 0, 0, 2, 2, 0, 1, 0]
    #expect(try SmallFiles(trainLabels: idxFile([4, 2], columns)).read().notes.count == 1)
  }
}
