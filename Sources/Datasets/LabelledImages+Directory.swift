import Hypertower

extension LabelledImages {
  /// Reads the IDX files in the folder `path`, or the binary files of CIFAR-10 or CIFAR-100.
  ///
  /// The latter are named as they were published, `data_batch_1.bin` to `data_batch_5.bin` and
  /// `test_batch.bin`, of which some may be missing. IDX files are named `train-images-idx3-ubyte`,
  /// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
  /// and `t10k-labels-idx1-ubyte`. A prefix may precede the names, `test` may stand for `t10k`, a dot
  /// or an underscore for any hyphen, and another type for `ubyte`; files may be compressed by gzip,
  /// with `.gz` at the end. A folder of such a name is searched for the file. Where a file is there in
  /// several forms, the names above are preferred, then those with a dot before `idx`; of equal names,
  /// the uncompressed file. If the folder holds several data sets with different prefixes and none
  /// without, `path` must be that of the folder and the prefix, such as `emnist/emnist-letters`.
  ///
  /// Without both test files, `test` is nil, and `notes` say so. The elements may have any of IDX's
  /// types, images any size. Of labels with several columns, the first is the label; rows of
  /// a single 1 and zeros (one-hot) are refused.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when a file is missing or cannot be read,
  ///   `.badData` when one is damaged or they do not fit together, `.usage` when the folder holds
  ///   several data sets or a share that is held back leaves one part empty.
  public static func directory(
    _ path: String, _ options: Options = Options()
  ) throws -> LabelledImages {
    if let folder = try CIFARFolder(path) {
      let options = Options(
        classCount: options.classCount ?? folder.classCount, scale: options.scale,
        split: options.split)
      return try LabelledImages(
        train: folder.train, test: folder.test, options, notes: folder.notes)
    }
    let folder = try DatasetFolder(path)
    let train = try ImagePart(folder.train)
    let test = try folder.test.map { try ImagePart($0) }
    return try LabelledImages(
      train: train, test: test, options,
      notes: test == nil
        ? [
          "\(path): no test files (\(DatasetFile.testImages.rawValue), "
            + "\(DatasetFile.testLabels.rawValue)): there is no test accuracy"
        ] : [])
  }
}

extension ImagePart {
  fileprivate init(_ files: DatasetFolder.Part) throws {
    try self.init(
      images: IDXFile(contentsOf: files.images), labels: IDXFile(contentsOf: files.labels))
  }
}
