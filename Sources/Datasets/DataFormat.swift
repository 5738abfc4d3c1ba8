import Glibc
import Hypertower

/// What the data at a path are, by what is there.
package enum DataFormat: Equatable, Sendable {
  /// A folder of files, or the prefix of some.
  case folder
  /// A text file with a row for each sample.
  case table
  /// One of NumPy's arrays, an NPY file.
  case array
  /// Several of them, an NPZ file.
  case arrays
  /// A safetensors file of several arrays.
  case safetensors
  /// An IDX file, of which a data set has several.
  case idx

  /// - Parameter path: of a folder or a file, which need not be there.
  package init(of path: String) {
    var status = stat()
    let isThere = stat(path, &status) == 0
    guard isThere, status.st_mode & S_IFMT != S_IFDIR else {
      self = isThere ? .folder : Self.format(ofName: path.lowercased())
      return
    }
    // A pipe would lose what is looked at.
    guard status.st_mode & S_IFMT == S_IFREG else {
      let format = Self.format(ofName: path.lowercased())
      self = format == .folder ? .table : format
      return
    }
    self = Self.format(of: (try? FileReader.bytes(of: path, atMost: 9)) ?? [])
  }

  private static func format(ofName name: String) -> DataFormat {
    if name.hasSuffix(".npy") { return .array }
    if name.hasSuffix(".npz") { return .arrays }
    if name.hasSuffix(".safetensors") { return .safetensors }
    return [".csv", ".tsv", ".csv.gz", ".tsv.gz"].contains(where: name.hasSuffix) ? .table : .folder
  }

  private static func format(of start: [UInt8]) -> DataFormat {
    if start.starts(with: NPYHeader.mark) { return .array }
    if start.starts(with: ZipArchive.mark + [3, 4]) { return .arrays }
    // Eight bytes of a length below 2³², and JSON.
    if start.count == 9, start[4..<8].allSatisfy({ $0 == 0 }), start[8] == UInt8(ascii: "{") {
      return .safetensors
    }
    return start.starts(with: [0, 0]) ? .idx : .table
  }
}
