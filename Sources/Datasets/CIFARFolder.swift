import Hypertower

/// The binary files of CIFAR-10 in a folder: records of a label's byte and 3,072 bytes of an image of 3 × 32 × 32,
/// the red channel first.
///
/// Format: https://www.cs.toronto.edu/~kriz/cifar.html.
struct CIFARFolder {
  static let classCount = 10
  static let imageShape = [3, 32, 32]
  private static let recordSize = 1 + 3 * 32 * 32
  private static let testName = "test_batch.bin"
  private static let trainNames = (1...5).map { "data_batch_\($0).bin" }

  let train: ImagePart
  /// nil if the folder has no test file.
  let test: ImagePart?
  /// What a user should know about the files.
  let notes: [String]

  /// The data set of the folder `path`; nil if it has none of the training files, or IDX files as well.
  ///
  /// - Throws: `InputError` when a file cannot be read or is damaged.
  init?(_ path: String) throws {
    guard let names = try? FolderReader.names(in: path),
      !names.contains(where: { DatasetFileName($0) != nil })
    else { return nil }
    let present = Self.trainNames.filter(names.contains)
    guard !present.isEmpty else { return nil }
    train = try Self.part(present, in: path)
    test = names.contains(Self.testName) ? try Self.part([Self.testName], in: path) : nil
    let missing = Self.trainNames.filter { !names.contains($0) }
    notes =
      (missing.isEmpty
        ? [] : ["\(path): without \(missing.joined(separator: ", ")): training on the others"])
      + (test == nil ? ["\(path): no test file (\(Self.testName)): there is no test accuracy"] : [])
  }

  /// The records of some files, one after another.
  private static func part(_ names: [String], in folder: String) throws -> ImagePart {
    let pixelCount = recordSize - 1
    var (labels, pixels) = ([UInt8](), [UInt8]())
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      let bytes = try FileReader.bytes(of: path)
      guard !bytes.isEmpty, bytes.count.isMultiple(of: recordSize) else {
        throw InputError(
          .badData,
          "\(path): \(bytes.count) bytes, expected records of \(recordSize), a label and \(pixelCount) "
            + "pixels: the file is cut short or not CIFAR-10's; fetch it again")
      }
      pixels.reserveCapacity(pixels.count + bytes.count)
      for start in stride(from: 0, to: bytes.count, by: recordSize) {
        guard bytes[start] < classCount else {
          throw InputError(
            .badData,
            "\(path): the label of record \(start / recordSize) is \(bytes[start]), expected 0 to "
              + "\(classCount - 1): the file is damaged or not CIFAR-10's (records are numbered from 0)"
          )
        }
        labels.append(bytes[start])
        pixels += bytes[start + 1..<start + recordSize]
      }
    }
    let name = names.count == 1 ? "\(folder)/\(names[0])" : "\(folder)/data_batch_*.bin"
    return try ImagePart(
      images: IDXFile(name: name, shape: [labels.count] + imageShape, bytes: pixels),
      labels: IDXFile(name: name, shape: [labels.count], bytes: labels))
  }
}
