import FoundationEssentials
import Hypertower
import Testing

@testable import Datasets

@Suite("The binary files of CIFAR-10 and CIFAR-100")
struct CIFARFolderTests {
  /// Records with labels, each of whose pixels are the label plus the number of the channel.
  private func records(_ labels: [UInt8]) -> [UInt8] {
    labels.flatMap { label in
      [label] + (0..<3 * 1024).map { label + UInt8($0 / 1024) }
    }
  }

  private func read(_ files: [String: [UInt8]]) throws -> LabelledImages {
    try withTemporaryFolder { folder in
      for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)")) }
      return try LabelledImages.directory(folder)
    }
  }

  private func message(_ files: [String: [UInt8]]) -> String {
    do {
      _ = try read(files)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("Batches follow one another, with the channels first")
  func reads() throws {
    let images = try read([
      "data_batch_1.bin": records([3, 9]), "data_batch_2.bin": records([0]),
      "test_batch.bin": records([1, 2]), "batches.meta.txt": [97],
    ])
    #expect(images.imageShape == [3, 32, 32])
    #expect(images.classCount == 10)
    #expect(labels(of: images.train) == [3, 9, 0])
    #expect(labels(of: try #require(images.test)) == [1, 2])
    let (values, areBytes) = features(of: images.train)
    #expect(areBytes && values.count == 3 * 3072)
    #expect(values[0] == 3 / 255 && values[1024] == 4 / 255 && values[3072] == 9 / 255)
    #expect(images.notes.count == 1)
    #expect(
      images.notes[0].contains("without data_batch_3.bin, data_batch_4.bin, data_batch_5.bin"))
  }

  @Test("Without a test file there is none, and IDX files come first")
  func others() throws {
    let images = try read(["data_batch_1.bin": records([3])])
    #expect(images.test == nil)
    #expect(images.notes.contains { $0.contains("no test file (test_batch.bin)") })
    #expect(
      message(["data_batch_1.bin": records([3]), "train-images-idx3-ubyte": []])
        .contains("train-labels-idx1-ubyte"))
  }

  @Test("Damaged files are named")
  func faults() {
    #expect(
      message(["data_batch_1.bin": records([3]) + [1]]).contains(
        "data_batch_1.bin: 3074 bytes, expected records of 3073"))
    #expect(message(["data_batch_1.bin": []]).contains("0 bytes, expected records of 3073"))
    #expect(
      message(["data_batch_1.bin": records([3]), "test_batch.bin": records([1, 77])]).contains(
        "test_batch.bin: the label of record 1 is 77, expected 0 to 9"))
  }

  @Test("Of CIFAR-100's two labels, the second is the class")
  func fineLabels() throws {
    let (train, test) = (
      records([3, 9]).chunked(3073).flatMap { [19] + $0 }, [UInt8(7)] + records([99 - 2])
    )
    let images = try read(["train.bin": train, "test.bin": test])
    #expect(images.classCount == 100 && images.imageShape == [3, 32, 32])
    #expect(labels(of: images.train) == [3, 9])
    #expect(labels(of: try #require(images.test)) == [97])
    let (values, _) = features(of: images.train)
    #expect(values.count == 2 * 3072 && values[0] == 3 / 255 && values[3072] == 9 / 255)
    #expect(images.notes.isEmpty)
    #expect(
      message(["train.bin": train + [1]]).contains(
        "train.bin: 6149 bytes, expected records of 3074, 2 labels and 3072 pixels"))
    #expect(
      message(["train.bin": [0, 100] + records([0]).dropFirst()]).contains(
        "train.bin: the label of record 0 is 100, expected 0 to 99"))
  }
}

extension Array {
  /// Parts of `count` elements.
  fileprivate func chunked(_ count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<$0 + count] }
  }
}
