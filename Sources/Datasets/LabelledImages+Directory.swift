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
  /// What is larger than may lie in memory stays on disk; see `MappedRows`.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when a file is missing or cannot be read,
  ///   `.badData` when one is damaged or they do not fit together, `.usage` when the folder holds
  ///   several data sets or a share that is held back leaves one part empty, `.cannotWrite` when there is no room for a
  ///   temporary file.
  public static func directory(
    _ path: String, _ options: Options = Options()
  ) throws -> LabelledImages {
    try directory(path, options, in: MemoryBudget())
  }

  /// The same with a limit on what lies in memory.
  package static func directory(
    _ path: String, _ options: Options = Options(), in budget: MemoryBudget
  ) throws -> LabelledImages {
    if let folder = try CIFARFolder(path, in: budget) {
      let options = Options(
        classCount: options.classCount ?? folder.classCount, scale: options.scale,
        split: options.split)
      return try LabelledImages(
        train: folder.train, test: folder.test, options, notes: folder.notes, in: budget)
    }
    let folder = try DatasetFolder(path)
    let train = try ImagePart(folder.train, in: budget)
    let test = try folder.test.map { try ImagePart($0, in: budget) }
    return try LabelledImages(
      train: train, test: test, options,
      notes: test == nil
        ? [
          "\(path): no test files (\(DatasetFile.testImages.rawValue), "
            + "\(DatasetFile.testLabels.rawValue)): there is no test accuracy"
        ] : [], in: budget)
  }
}

extension ImagePart {
  fileprivate init(_ files: DatasetFolder.Part, in budget: MemoryBudget) throws {
    try self.init(
      images: IDXFile(contentsOf: files.images, in: budget),
      labels: IDXFile(contentsOf: files.labels, in: budget))
  }
}
