import Glibc
import Hypertower

@testable import Datasets

/// The IDX file of `shape` whose elements have the type of number `type` and the given values.
func idxFile(type: IDXElementType = .unsignedByte, _ shape: [Int], _ values: [Double]) -> [UInt8] {
  func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
  func element(_ value: Double) -> [UInt8] {
    switch type {
    case .unsignedByte: bytes(UInt8(value))
    case .signedByte: bytes(Int8(value))
    case .int16: bytes(Int16(value))
    case .int32: bytes(Int32(value))
    case .float32: bytes(Float(value).bitPattern)
    case .float64: bytes(value.bitPattern)
    }
  }
  let mark: [UInt8] = [0, 0, type.rawValue, UInt8(shape.count)]
  return mark + shape.flatMap { bytes(UInt32($0)) } + values.flatMap(element)
}

/// The contents of the four files of a data set of two features a sample.
struct SmallFiles {
  var trainImages = idxFile([4, 2], [0, 51, 102, 153, 204, 255, 1, 2])
  var trainLabels = idxFile([4], [0, 1, 2, 1])
  var testImages: [UInt8]? = idxFile([2, 2], [3, 4, 5, 6])
  var testLabels: [UInt8]? = idxFile([2], [2, 0])

  /// Writes the files into a folder, which is made if it is missing.
  ///
  /// - Parameters:
  ///   - part: what `train` and `t10k` are called.
  ///   - suffixes: what follows `images` and `labels` in the names.
  func write(
    to folder: String, prefix: String = "", part: (train: String, test: String) = ("train", "t10k"),
    suffixes: (images: String, labels: String) = ("-idx3-ubyte", "-idx1-ubyte")
  ) throws {
    mkdir(folder, 0o700)
    let files = [
      ("\(part.train)-images\(suffixes.images)", trainImages),
      ("\(part.train)-labels\(suffixes.labels)", trainLabels),
      ("\(part.test)-images\(suffixes.images)", testImages),
      ("\(part.test)-labels\(suffixes.labels)", testLabels),
    ]
    for (name, contents) in files {
      if let contents { try AtomicFile.write(contents, to: "\(folder)/\(prefix)\(name)") }
    }
  }

  /// What is read from these files.
  func read(_ options: LabelledImages.Options = .init()) throws -> LabelledImages {
    try withTemporaryFolder { folder in
      try write(to: folder)
      return try LabelledImages.directory(folder, options)
    }
  }
}

/// The features of `dataset` as numbers, and whether they are bytes.
func features(of dataset: Dataset) -> (values: [Float], areBytes: Bool) {
  switch dataset.features {
  case .bytes(let bytes): (bytes.map { Float($0) / 255 }, true)
  case .floats(let floats): (floats, false)
  case .windows(let windows): (windows.tokens.map { Float($0) }, false)
  case .mapped: (dataset.features(of: 0..<dataset.count), false)
  }
}

/// The labels of `dataset`, which must be classes.
func labels(of dataset: Dataset) -> [Int32] {
  guard case .classes(let labels, _) = dataset.targets else { return [] }
  return labels
}

extension StoredArray {
  /// A copy of all elements.
  var elements: [Element] { withElements { Array($0) } }
}
