import ArgumentParser
import Datasets
import FoundationEssentials

/// Which data a command works on, and how their files are to be understood.
struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "A folder with the IDX files of a data set, or CIFAR-10's or CIFAR-100's; default: MNIST.",
      discussion: """
        The files are named train-images-idx3-ubyte, train-labels-idx1-ubyte, \
        t10k-images-idx3-ubyte, and t10k-labels-idx1-ubyte, with any prefix, with 'test' for \
        't10k', with a dot for a hyphen, gzipped or not. The test files may be missing. If the \
        folder holds several data sets, add the prefix: FOLDER/emnist-letters. Elements may have \
        any of the IDX types, images any size. CIFAR-10's binary files are named data_batch_1.bin to \
        data_batch_5.bin and test_batch.bin.
        """,
      valueName: "folder"))
  var folder: String?

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
    [("--data", folder != nil), ("--classes", classCount != nil), ("--scale", scale != nil)]
      .filter(\.1).map(\.0)
  }

  /// Reads the data, and tells the user what to know about them.
  ///
  /// - Parameter validationShare: the share of the training data that is held back; nil: none.
  func images(validationShare: Double? = nil) throws -> LabelledImages {
    let options = LabelledImages.Options(
      classCount: classCount, scale: scale, validationShare: validationShare)
    let images =
      if let folder {
        try LabelledImages.directory(folder, options)
      } else {
        try MNIST.embedded(options)
      }
    for note in images.notes { Console.warn(note) }
    return images
  }
}

/// Whether a share of the training data is held back, for commands that measure on it.
struct ValidationOptions: ParsableArguments {
  @Option(
    name: .customLong("validation"),
    help: ArgumentHelp(
      """
      The share of the training data that is held back to measure accuracy, such as 0.1; the same \
      samples for every seed. Default: none.
      """,
      valueName: "share"))
  var share: Double?

  /// The option, if it was given.
  var given: [String] { share == nil ? [] : ["--validation"] }

  func validate() throws {
    if let share, !LabelledImages.Options.isShare(share) {
      throw ValidationError(
        "--validation \(share) is out of range: it must be greater than 0 and less than 1")
    }
  }
}

/// `path` as it is found from any working folder.
func absolutePath(_ path: String) -> String {
  path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}
