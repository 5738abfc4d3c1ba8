import Hypertower

/// The binary files of CIFAR-10 or CIFAR-100 in a folder: records of a label's byte, in CIFAR-100 after one of the
/// coarse label, and 3,072 bytes of an image of 3 × 32 × 32, the red channel first.
///
/// Format: https://www.cs.toronto.edu/~kriz/cifar.html.
struct CIFARFolder {
  /// One of the two data sets.
  private struct Format {
    let name: String
    let classCount: Int
    /// The number of bytes before the pixels, the last of which is the label.
    let labelBytes: Int
    let trainNames: [String]
    let testName: String

    var recordSize: Int { labelBytes + pixelCount }
  }

  private static let formats = [
    Format(
      name: "CIFAR-10", classCount: 10, labelBytes: 1,
      trainNames: (1...5).map { "data_batch_\($0).bin" }, testName: "test_batch.bin"),
    Format(
      name: "CIFAR-100", classCount: 100, labelBytes: 2, trainNames: ["train.bin"],
      testName: "test.bin"),
  ]
  private static let imageShape = [3, 32, 32]
  private static let pixelCount = 3 * 32 * 32

  let classCount: Int
  let train: ImagePart
  /// nil if the folder has no test file.
  let test: ImagePart?
  /// What a user should know about the files.
  let notes: [String]

  /// The data set of the folder `path`; nil if it has none of the training files, or IDX files as well.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` when a file cannot be read or is damaged, or there is no room for a temporary file.
  init?(_ path: String, in budget: MemoryBudget) throws {
    guard let names = try? FolderReader.names(in: path),
      !names.contains(where: { DatasetFileName($0) != nil })
    else { return nil }
    guard
      let format = Self.formats.first(where: { $0.trainNames.contains(where: names.contains) })
    else { return nil }
    let (present, missing) = (
      format.trainNames.filter(names.contains), format.trainNames.filter { !names.contains($0) }
    )
    classCount = format.classCount
    train = try Self.part(present, in: path, format, budget)
    test =
      names.contains(format.testName)
      ? try Self.part([format.testName], in: path, format, budget) : nil
    notes =
      (missing.isEmpty
        ? [] : ["\(path): without \(missing.joined(separator: ", ")): training on the others"])
      + (test == nil
        ? ["\(path): no test file (\(format.testName)): there is no test accuracy"] : [])
  }

  /// The records of some files, one after another.
  private static func part(
    _ names: [String], in folder: String, _ format: Format, _ budget: MemoryBudget
  ) throws -> ImagePart {
    let (recordSize, labelBytes) = (format.recordSize, format.labelBytes)
    let name = "\(folder)/\(names.count == 1 ? names[0] : "data_batch_*.bin")"
    var labels: [UInt8] = []
    var pixels = try StoredArrayBuilder<UInt8>(name, in: budget)
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      let contents = try StoredArray<UInt8>.contents(of: path, in: budget)
      defer { budget.giveBack(contents) }
      try contents.check()
      try contents.withElements { bytes in
        guard !bytes.isEmpty, bytes.count.isMultiple(of: recordSize) else {
          throw InputError(
            .badData,
            "\(path): \(bytes.count) bytes, expected records of \(recordSize), "
              + (labelBytes == 1 ? "a label" : "\(labelBytes) labels")
              + " and \(pixelCount) pixels: the file is cut short or not \(format.name)'s; fetch it again"
          )
        }
        for start in stride(from: 0, to: bytes.count, by: recordSize) {
          let label = bytes[start + labelBytes - 1]
          guard label < format.classCount else {
            throw InputError(
              .badData,
              "\(path): the label of record \(start / recordSize) is \(label), expected 0 to "
                + "\(format.classCount - 1): the file is damaged or not \(format.name)'s (records are "
                + "numbered from 0)")
          }
          labels.append(label)
          try pixels.append(
            contentsOf: UnsafeBufferPointer(
              rebasing: bytes[start + labelBytes..<start + recordSize]))
        }
      }
    }
    return try ImagePart(
      images: IDXFile(name: name, shape: [labels.count] + imageShape, bytes: pixels.finish()),
      labels: IDXFile(name: name, shape: [labels.count], bytes: StoredArray(labels)))
  }
}
