import Datasets
import Glibc
import Hypertower
import OpenCL

/// The readers that the fuzzer can feed, chosen by the environment variable FUZZ_READER.
enum Reader: String, CaseIterable {
  case idx
  case gzip
  case safetensors
  case checkpoint
  case tower
  case kernelCache = "kernel-cache"
  case table
  case npy
  case npz
  case image
  case toml

  static let chosen: Reader = {
    let name = getenv("FUZZ_READER").map { String(cString: $0) } ?? ""
    guard let reader = Reader(rawValue: name) else {
      fatalError("FUZZ_READER is one of \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return reader
  }()

  /// Reads `bytes`; what is thrown is the reader's right.
  func read(_ bytes: [UInt8]) throws {
    switch self {
    case .idx:
      let file = try bytes.withUnsafeBytes { try IDXFile(contents: $0, name: "fuzz") }
      let count = try file.map { $0 }.count
      precondition(count == file.count)
    case .gzip:
      _ = try ([0x1F, 0x8B] + bytes).withUnsafeBytes { try IDXFile(contents: $0, name: "fuzz") }
    case .safetensors:
      let file = try SafetensorsFile(bytes: bytes, name: "fuzz")
      // What was read is written and read the same.
      let again = try SafetensorsFile(bytes: file.serialized(), name: "again")
      precondition(again.entries.map(\.name) == file.entries.map(\.name))
      for entry in file.entries where entry.elementType.isReadable { _ = entry.doubles() }
    case .checkpoint:
      // The CRC would keep the fuzzer out: it is taken anew.
      guard let file = try? SafetensorsFile(bytes: bytes, name: "fuzz") else { return }
      let sealed = SealedSafetensors.bytes(of: file)
      _ = try SealedSafetensors.file(in: sealed, name: "fuzz")
      _ = try SealedSafetensors.file(in: bytes, name: "fuzz")
    case .tower:
      let tower = try Tower(parsing: String(decoding: bytes, as: UTF8.self))
      let again = try Tower(parsing: tower.description)
      precondition(again.description == tower.description)
    case .kernelCache: _ = ProgramCacheEntry(decoding: bytes)
    case .table:
      let file = try CSVFile(StoredArray(bytes), name: "fuzz", delimiter: nil as String?)
      for row in 0..<file.rowCount {
        for column in 0..<file.columnCount { _ = file.text(row, column) }
      }
      // The last column is the target.
      let name = file.text(0, file.columnCount - 1)
      let data = try SplitDataset.table(
        file, TableOptions(target: name, missing: .median), split: Split(test: 0.5))
      let encoding = data.encoding.table!
      _ = try UnlabelledSamples.table(
        StoredArray(bytes), as: encoding, delimiter: nil, name: "fuzz")
    case .image:
      let image = try PixelImage(bytes, name: "fuzz")
      precondition(image.pixels.count == image.height * image.width * image.channels)
    case .npy:
      let file = try NPYFile(bytes, name: "fuzz")
      let count = try file.map(from: 0, by: 1) { $0 }.count
      precondition(count == file.shape.reduce(1, *))
    case .toml:
      let table = try TOMLTable(parsing: bytes, name: "fuzz")
      for entry in table.entries {
        guard case .string(let text) = entry.value else { continue }
        // What was read is written and read the same.
        let line = "\(TOMLValue.quoted(entry.key)) = \(TOMLValue.quoted(text))"
        let again = try TOMLTable(parsing: line.utf8, name: "again")
        precondition(again.entries[0].key == entry.key && again.entries[0].value == entry.value)
      }
    case .npz:
      let archive = try ZipArchive(StoredArray(bytes), name: "fuzz")
      for name in archive.names { _ = try? archive.contents(of: name) }
      _ = try SplitDataset.arrays(npz: bytes, name: "fuzz")
    }
  }
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  try? Reader.chosen.read(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
