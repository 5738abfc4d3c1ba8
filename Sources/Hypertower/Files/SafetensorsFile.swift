/// Named tensors and notes about them, as a file in the safetensors format holds them.
///
/// A file is a length (8 bytes, little-endian), a header of that length in JSON, which gives every
/// tensor's element type, shape, and place, and then the elements, little-endian, row after row.
/// Format: https://github.com/huggingface/safetensors
public struct SafetensorsFile: Sendable {
  /// The tensors in the order in which their elements lie in the file.
  public let entries: [Entry]
  /// Notes by the file's writer, such as how the tensors came about.
  public let metadata: [String: String]

  /// Whether the metadata are null rather than absent, as in files of MLX 0.32.
  var hasNullMetadata = false

  /// Whether MLX has written the file, as its metadata tell.
  var isOfMLX: Bool { hasNullMetadata || metadata[WeightLayout.key] == WeightLayout.mlx.formatName }

  private let indices: [String: Int]

  /// A file's contents from its tensors.
  ///
  /// The entries are put in the order of their element sizes, largest first, which keeps all
  /// elements aligned.
  ///
  /// - Precondition: The entries' names differ, and none is `__metadata__`.
  public init(_ entries: [Entry], metadata: [String: String] = [:]) {
    let sorted = entries.enumerated().sorted {
      let (left, right) = (
        $0.element.elementType.bitCount ?? 0, $1.element.elementType.bitCount ?? 0
      )
      return (right, $0.offset) < (left, $1.offset)
    }
    self.init(ordered: sorted.map(\.element), metadata: metadata)
  }

  init(ordered entries: [Entry], metadata: [String: String]) {
    self.entries = entries
    self.metadata = metadata
    indices = Dictionary(
      zip(entries.map(\.name), entries.indices),
      uniquingKeysWith: { first, _ in
        fatalError("SafetensorsFile: two tensors are named \(entries[first].name)")
      })
    require(
      indices[Self.metadataKey] == nil, "SafetensorsFile: no tensor may be named __metadata__")
  }

  /// The tensor named `name`, if there is one.
  public subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

  /// The member of the header that holds the metadata.
  static let metadataKey = "__metadata__"
  /// The largest header that the reference implementation reads.
  static let greatestHeaderSize = 100_000_000
}
