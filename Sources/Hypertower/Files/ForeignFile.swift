/// Files that people take for safetensors files.
enum ForeignFile {
  /// What a file that begins with `bytes` is, and what to do with it; nil if it is not known.
  static func kind(of bytes: UnsafeRawBufferPointer) -> String? {
    if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) {
      return isPickledArchive(bytes) ? pickle : archive
    }
    return beginnings.first { bytes.starts(with: $0.bytes) }?.kind
  }

  /// Whether a zip archive is one of torch.save: its names, of which the first stands near the
  /// beginning and all near the end, include data.pkl.
  private static func isPickledArchive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let name = Array("data.pkl".utf8)
    return [Array(bytes.prefix(1 << 10)), Array(bytes.suffix(1 << 16))].contains {
      $0.firstRange(of: name) != nil
    }
  }

  private static let archive =
    "a zip archive, as NumPy's .npz and Keras's .keras are: write the weights as safetensors instead"

  private static let pickle =
    "a file of PyTorch's torch.save: write the weights with safetensors.torch.save_file instead"

  private static let beginnings: [(bytes: [UInt8], kind: String)] = [
    ([0x80, 0x02], pickle),
    ([0x89] + Array("HDF".utf8), "an HDF5 file: write the weights as safetensors instead"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer: fetch the file by git lfs pull"),
    (Array("<!".utf8), "a web page: download the file itself"),
    (Array("<html".utf8), "a web page: download the file itself"),
  ]
}
