import Datasets
import Hypertower
import Testing

@Suite struct MNISTTests {
  /// SHA-256 of the four files as published.
  @Test(arguments: [
    (
      DatasetFile.trainImages,
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    (.trainLabels, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    (.testImages, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    (.testLabels, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
  ])
  func embeddedFileIsThePublishedOne(file: DatasetFile, sha256: String) throws {
    let contents = try Gzip.decompress(MNIST.compressed(file), name: file.rawValue)
    let sum = try withTemporaryFolder { folder in
      try AtomicFile.write(contents, to: "\(folder)/file")
      return try outputOfShell("sha256sum \(folder)/file")
    }
    #expect(sum.prefix { $0 != " " } == sha256)
  }

  @Test func embeddedDataSetIsComplete() throws {
    let mnist = try MNIST.embedded()
    #expect(mnist.classCount == 10)
    #expect(mnist.featureCount == 784)
    #expect(mnist.train.count == 60_000)
    #expect(mnist.test?.count == 10_000)
    #expect(firstLabels(of: mnist.train) == [5, 0, 4, 1, 9])
    #expect(try firstLabels(of: #require(mnist.test)) == [7, 2, 1, 0, 4])
    guard case .bytes(let pixels) = mnist.train.features else {
      Issue.record("the pixels are no bytes")
      return
    }
    // The first image's first pixels that are not black.
    #expect(pixels[..<152].allSatisfy { $0 == 0 })
    #expect(pixels[152..<156].elementsEqual([3, 18, 18, 18]))
  }

  private func firstLabels(of dataset: Dataset) -> [Int32] {
    guard case .classes(let labels, classCount: 10) = dataset.targets else { return [] }
    return Array(labels.prefix(5))
  }
}
