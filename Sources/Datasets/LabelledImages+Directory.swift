import Glibc
import Hypertower

extension LabelledImages {
  /// Reads the four IDX files in the folder `path`.
  ///
  /// They are named `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
  /// and `t10k-labels-idx1-ubyte`, with a hyphen or a dot before `idx`, and may be compressed by
  /// gzip, with `.gz` at the end. Where one file is there in several forms, the hyphen goes before
  /// the dot and the plain file before the compressed. Images may be of any size.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when a file is not there or cannot be read,
  ///   `.badData` when one is damaged or they do not fit together.
  public static func directory(_ path: String) throws -> LabelledImages {
    try LabelledImages { try IDXFile(contentsOf: find($0, in: path)) }
  }

  /// The path of `file` in the folder.
  private static func find(_ file: DatasetFile, in folder: String) throws -> String {
    var status = stat()
    guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw InputError(
        .missingInput,
        "\(folder): no such folder, expected one that holds the four IDX files of a data set")
    }
    for name in file.spellings {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      // Any other fault than its absence is for the reader to tell.
      if stat(path, &status) == 0 || errno != ENOENT { return path }
    }
    throw InputError(
      .missingInput,
      "\(folder): no file \(file.rawValue) or \(file.rawValue).gz, expected there with the other "
        + "IDX files of the data set")
  }
}
