import Datasets
import Hypertower
import Testing

/// How many classes there are, and which samples are held back.
@Suite struct ClassesAndValidationTests {
  private func files(train: [Double], test: [Double] = [0, 0]) -> SmallFiles {
    SmallFiles(
      trainLabels: idxFile(type: .int32, [4], train), testLabels: idxFile(type: .int32, [2], test))
  }

  @Test(
    arguments: [
      (
        [4, 9, 4, 9], 10,
        "there are 10 classes, numbered from 0 to the greatest label, but only 2 of"
      ),
      (
        [1, 2, 3, 1], 4, "there are 4 classes, numbered from 0 to the greatest label, but only 3 of"
      ),
      ([255, 0, 1, 2], 256, "there are 256 classes"),
      (
        [0, 0, 0, 0], 2, "all labels are 0, and there are at least 2 classes"
      ),
      ([1, 1, 1, 1], 2, "but only 1 of them occurs; --classes N sets"),
    ] as [([Double], Int, String)])
  func classesMayBeMissing(labels: [Double], count: Int, note: String) throws {
    let images = try files(train: labels).read()
    #expect(images.classCount == count)
    #expect(images.notes.count == 1)
    #expect(images.notes.first?.contains(note) == true, "\(images.notes)")
    #expect(images.notes.first?.contains("--classes N") == true)
  }

  @Test func theNumberOfClassesMayBeGiven() throws {
    let images = try files(train: [0, 1, 2, 1], test: [7, 0]).read(.init(classCount: 10))
    #expect(images.classCount == 10)
    #expect(images.notes.isEmpty)
    guard case .classes(_, let count)? = images.test?.targets else {
      Issue.record("expected classes")
      return
    }
    #expect(count == 10)
  }

  @Test(
    arguments: [
      (
        [0, 1, 4, 9], [0, 0], 5, "train-labels-idx1-ubyte: label 3 is 9, which is out of range: 5",
        10
      ),
      (
        [0, 1, 4, 2], [0, 7], 5, "t10k-labels-idx1-ubyte: label 1 is 7, which is out of range: 5", 8
      ),
      (
        [0, 1, 2, 1], [0, 3], nil, "t10k-labels-idx1-ubyte: label 1 is 3, which is out of range", 4
      ),
    ] as [([Double], [Double], Int?, String, Int)])
  func labelsMustBeBelowTheNumberOfClasses(
    train: [Double], test: [Double], count: Int?, message: String, remedy: Int
  ) throws {
    let files = files(train: train, test: test)
    let error = #expect(throws: InputError.self) { try files.read(.init(classCount: count)) }
    #expect(error?.kind == .badData)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("--classes \(remedy)") == true, "\(error?.message ?? "")")
    #expect(try files.read(.init(classCount: remedy)).classCount == remedy)
  }

  /// 200 samples, each with its number in two features and in its label.
  private let numbered: SmallFiles = {
    let numbers = (0..<200).map(Double.init)
    return SmallFiles(
      trainImages: idxFile([200, 2], numbers.flatMap { [$0, $0] }),
      trainLabels: idxFile([200], numbers))
  }()

  @Test(arguments: [(0.1, 20), (0.5, 100), (0.0026, 1), (0.997, 199)])
  func aShareIsHeldBack(share: Double, count: Int) throws {
    let images = try numbered.read(.init(split: Split(validation: share)))
    let validation = try #require(images.validation)
    #expect(validation.count == count)
    #expect(images.train.count == 200 - count)
    #expect(images.test?.count == 2)
    let (rest, heldBack) = (labels(of: images.train), labels(of: validation))
    // Each sample is in one of the two, in the order of the file, with its own label.
    #expect((rest + heldBack).sorted() == Array(0..<200))
    #expect(rest == rest.sorted() && heldBack == heldBack.sorted())
    for (dataset, labels) in [(images.train, rest), (validation, heldBack)] {
      guard case .bytes(let bytes) = dataset.features else {
        Issue.record("expected bytes")
        return
      }
      #expect(bytes == labels.flatMap { [UInt8($0), UInt8($0)] })
    }
    #expect(
      labels(of: try #require(try numbered.read(.init(split: Split(validation: share))).validation))
        == heldBack)
  }

  @Test func theShareIsSpreadOverTheFile() throws {
    let validation = try #require(
      try numbered.read(.init(split: Split(validation: 0.5))).validation)
    for quarter in 0..<4 {
      let inQuarter = labels(of: validation).count { Int($0) / 50 == quarter }
      // 25 are expected, with a standard deviation of 3.1.
      #expect(10...40 ~= inQuarter, "quarter \(quarter): \(inQuarter)")
    }
  }

  @Test(arguments: [
    (0.1, "holds back none of the 4 training samples: give a greater share"),
    (0.9, "holds back all of the 4 training samples: give a smaller share"),
  ])
  func bothPartsMustHaveSamples(share: Double, message: String) {
    let error = #expect(throws: InputError.self) {
      try SmallFiles().read(.init(split: Split(validation: share)))
    }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
