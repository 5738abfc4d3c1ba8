import Glibc
import Hypertower
import Testing

@testable import Datasets

@Suite("Folders of images")
struct ImageFolderTests {
  /// Writes grey images of 2 × 1 pixels, or others, into folders.
  private func write(_ files: [(path: String, text: String)], to folder: String) throws {
    for (path, text) in files {
      var parent = folder
      for part in path.split(separator: "/").dropLast() {
        parent += "/\(part)"
        mkdir(parent, 0o700)
      }
      try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(path)")
    }
  }

  private func read(
    _ files: [(path: String, text: String)], _ images: ImageOptions = ImageOptions(),
    split: Split = Split(), as encoding: SampleEncoding? = nil
  ) throws -> SplitDataset? {
    try withTemporaryFolder { folder in
      try write(files, to: folder)
      do {
        return try SplitDataset.imageFolders(folder, images, split: split, as: encoding)
      } catch let error as InputError {
        throw InputError(error.kind, error.message.replacing(folder, with: "DIR"))
      }
    }
  }

  private static let grey = "P2 2 1 255 0 255"
  private static let colour = "P3 2 1 255 10 20 30 40 50 60"

  @Test("Folders are classes in the order of their names, and images lie in that of theirs")
  func classes() throws {
    let data = try #require(
      try read([
        ("dog/2.pgm", "P2 2 1 255 3 4"), ("dog/1.pgm", "P2 2 1 255 1 2"), ("cat/x.pgm", Self.grey),
        ("cat/.hidden.png", ""), ("empty.txt", ""),
      ]))
    #expect(data.encoding.classNames == ["cat", "dog"])
    #expect(try data.train.labels() == [0, 1, 1])
    #expect(features(of: data.train).values == ([0, 255, 1, 2, 3, 4] as [Float]).map { $0 / 255 })
    #expect(data.sampleShape == [1, 1, 2] && data.notes.isEmpty)
    #expect(
      data.encoding.images == ImageEncoding(channels: 1, height: 1, width: 2, isResized: false))
  }

  @Test("One image of colours gives all three channels, one after another")
  func colours() throws {
    let files = [("a/1.pgm", Self.grey), ("b/1.ppm", Self.colour)]
    let data = try #require(try read(files))
    #expect(data.sampleShape == [3, 1, 2])
    #expect(
      features(of: data.train).values
        == ([0, 255, 0, 255, 0, 255, 10, 40, 20, 50, 30, 60] as [Float]).map { $0 / 255 })
    let grey = try #require(try read(files, ImageOptions(channels: 1)))
    #expect(features(of: grey.train).values == ([0, 255, 18, 48] as [Float]).map { $0 / 255 })
  }

  @Test("Colours that come after grey images count from the first image on")
  func lateColours() throws {
    let files = (0..<5).map { ("a/\($0).pgm", Self.grey) } + [("b/1.ppm", Self.colour)]
    for limit in [0, 1 << 20] {
      try withTemporaryFolder { folder in
        try write(files, to: folder)
        let budget = MemoryBudget(limit: limit)
        let data = try #require(try SplitDataset.imageFolders(folder, in: budget))
        #expect(data.sampleShape == [3, 1, 2])
        #expect(
          features(of: data.train).values.prefix(6)
            == ([0, 255, 0, 255, 0, 255] as [Float]).map { $0 / 255 }[...])
        #expect(budget.used == (limit == 0 ? 0 : 6 * 6))
      }
    }
  }

  @Test("Folders train, val and test are parts")
  func parts() throws {
    let data = try #require(
      try read([
        ("train/a/1.pgm", Self.grey), ("train/b/1.pgm", Self.grey), ("val/b/1.pgm", Self.grey),
        ("test/a/1.pgm", Self.grey), ("test/a/notes.txt", "x"),
      ]))
    #expect(try data.validation?.labels() == [1] && data.test?.labels() == [0])
    #expect(data.notes.count == 1 && data.notes[0].contains("test/a/notes.txt: is no PNG"))
  }

  @Test("A network's classes and size count when it is measured")
  func asTrained() throws {
    var encoding = SampleEncoding(classCount: 3, classNames: ["a", "b", "c"])
    encoding.images = ImageEncoding(channels: 1, height: 1, width: 1, isResized: true)
    let data = try #require(
      try read([("c/1.pgm", Self.grey), ("b/1.pgm", Self.grey)], as: encoding))
    #expect(try data.train.labels() == [1, 2])
    #expect(data.sampleShape == [1, 1, 1])
  }

  @Test("What does not fit is named with the remedy")
  func faults() throws {
    func message(_ files: [(String, String)], split: Split = Split()) -> String? {
      #expect(throws: InputError.self) { try read(files.map { ($0.0, $0.1) }, split: split) }?
        .message
    }
    #expect(
      message([("a/1.pgm", Self.grey), ("b/2.pgm", "P2 1 2 255 0 1")])
        == "DIR/b/2.pgm: has 1 × 2 pixels, and DIR/a/1.pgm has 2 × 1: give --image-size 2x1 to stretch all images to one "
        + "size in training, or remove it")
    #expect(
      message([("a/1.pgm", Self.grey)])
        == "DIR: there is one folder with images, 'a', expected one for each of at least 2 classes")
    #expect(
      message([
        ("train/a/1.pgm", Self.grey), ("train/b/1.pgm", Self.grey), ("test/d/1.pgm", Self.grey),
      ])
        == "DIR/test/d/1.pgm: there is no class 'd' to train on; the classes are a, b: rename or remove its folder"
    )
    #expect(
      message([("a/1.pgm", Self.grey), ("b/2.png", "text")])
        == "DIR/b/2.png: is no PNG, JPEG, PGM or PPM file: convert it to PNG, or remove it")
    #expect(
      message(
        [("train/a/1.pgm", Self.grey), ("train/b/1.pgm", Self.grey), ("test/a/1.pgm", Self.grey)],
        split: Split(test: 0.5))
        == "DIR: there is test data already, of which --test would hold back more: leave --test out"
    )
    for (part, file) in [
      ("test", "test/notes.txt"), ("test", "test/1.pgm"), ("test", "test/a/notes.txt"),
      ("val", "val/.hidden"),
    ] {
      #expect(
        message([("train/a/1.pgm", Self.grey), ("train/b/1.pgm", Self.grey), (file, Self.grey)])
          == "DIR/\(part): has no images in folders of classes: put a folder with images for each class there, or "
          + "remove DIR/\(part)")
    }
    #expect(try read([("notes.txt", "")]) == nil)
    #expect(
      try read([("a/1.pgm", Self.grey), ("b/1.pgm", Self.grey), ("train-images-idx3-ubyte", "")])
        == nil)
  }
}
