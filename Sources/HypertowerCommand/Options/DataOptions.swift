import ArgumentParser
import Datasets
import FoundationEssentials

/// Which data a command works on, and how their files are to be understood.
struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      """
      A table, NumPy's arrays, or a folder of images by class, of IDX files, or of CIFAR-10's or CIFAR-100's; default: \
      MNIST.
      """,
      discussion: """
        A table is a file of comma-separated values, or with another delimiter, whose first row has the columns' \
        names; --target names the column to predict. Arrays are an NPZ file, or an NPY file with that of the targets as --target. \
        Images are PNG, JPEG, PGM or PPM files in a folder for each class, or in such folders in 'train', 'val' and 'test'. \
        The IDX files are named train-images-idx3-ubyte, train-labels-idx1-ubyte, \
        t10k-images-idx3-ubyte, and t10k-labels-idx1-ubyte, with any prefix, with 'test' for \
        't10k', with a dot for a hyphen, gzipped or not. The test files may be missing. If the \
        folder holds several data sets, add the prefix: FOLDER/emnist-letters. Elements may have \
        any of the IDX types, images any size. CIFAR-10's binary files are named data_batch_1.bin to \
        data_batch_5.bin and test_batch.bin.
        """,
      valueName: "path"), completion: .file())
  var path: String?

  @Option(
    name: .customLong("classes"),
    help: """
      The number of classes, which are numbered from 0; default: one more than the greatest label \
      of the training data.
      """)
  var classCount: Int?

  @Option(
    help: """
      What features of any type are divided by; default: 255 for bytes, signed or not, and 1 for \
      all other types.
      """)
  var scale: Double?

  func validate() throws {
    let classCounts = LabelledImages.Options.classCounts
    if let classCount, !classCounts.contains(classCount) {
      throw ValidationError(
        "--classes \(classCount) is out of range: it must lie in \(classCounts.lowerBound)..."
          + "\(classCounts.upperBound)")
    }
    if let scale, !LabelledImages.Options.isScale(scale) {
      throw ValidationError(
        "--scale \(scale) is out of range: it must be a finite number greater than 0")
    }
  }

  /// The options that were given, in their order.
  var given: [String] {
    [("--data", path != nil), ("--classes", classCount != nil), ("--scale", scale != nil)]
      .filter(\.1).map(\.0)
  }

  /// Where samples come from.
  func source(
    _ table: TableOptions, _ images: ImageOptions = ImageOptions(), split: Split = Split()
  ) -> SampleSource {
    SampleSource(
      path: path, classCount: classCount, scale: scale, table: table, split: split, images: images)
  }

  /// Reads images, and tells the user what to know about them.
  ///
  /// - Throws: `InputError`; `Failure(.usage)` for a table.
  func images() throws -> LabelledImages {
    if let path, DataFormat(of: path) != .folder {
      throw Failure(.usage, "\(path): experiments take folders of images: give one by --data")
    }
    let options = LabelledImages.Options(classCount: classCount, scale: scale)
    let images =
      try path.map { try LabelledImages.directory($0, options) } ?? MNIST.embedded(options)
    for note in images.notes { Console.warn(note) }
    return images
  }
}

/// `path` as it is found from any working folder.
func absolutePath(_ path: String) -> String {
  path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}
