/// The name of an IDX file, taken apart.
///
/// It is `[PREFIX]PART-CONTENT-idx[DIGITS][-TYPE][.gz]`: the part is `train`, `t10k`, or `test`, the
/// content `images` or `labels`, the type a word such as `ubyte`, `int`, or `float`. `-`, `.`, and
/// `_` separate them, and letters may be upper or lower case. The file's header decides what it
/// holds, whatever digits and type its name states.
struct DatasetFileName {
  let name: String
  /// What precedes the part, without separators at its end: `emnist-letters`, or nothing.
  let prefix: String
  let file: DatasetFile
  /// The name without the prefix and `.gz`.
  private let core: String
  private let isCompressed: Bool

  /// Takes `name` apart; nil if it is not that of an IDX file of a data set.
  init?(_ name: String) {
    let pattern =
      #/(?i)(.*?)((train|t10k|test)[-._](images|labels)[-._]idx[0-9]*(?:[-_][a-z0-9]+)?)(\.gz)?/#
    // A dot at the beginning hides a file, as those that macOS puts beside each file of an archive.
    guard !name.hasPrefix("."), let match = name.wholeMatch(of: pattern)?.output else { return nil }
    self.name = name
    prefix = Self.prefix(String(match.1))
    core = String(match.2)
    isCompressed = match.5 != nil
    file =
      switch (match.3.lowercased() == "train", match.4.lowercased() == "images") {
      case (true, true): .trainImages
      case (true, false): .trainLabels
      case (false, true): .testImages
      case (false, false): .testLabels
      }
  }

  /// `text` without separators at its end.
  static func prefix(_ text: String) -> String {
    var text = text[...]
    while let last = text.last, "-._".contains(last) { text.removeLast() }
    return String(text)
  }

  /// Whether this name is preferred to `other`, which stands for the same file: names as MNIST's come
  /// first, then those with a dot before `idx`, then all others; of equal ones, the uncompressed.
  func precedes(_ other: DatasetFileName) -> Bool { rank < other.rank }

  private var rank: (Int, Int, String) {
    let published = file.rawValue
    let spelling =
      switch core {
      case published: 0
      case published.replacing("-idx", with: ".idx"): 1
      default: 2
      }
    return (spelling, isCompressed ? 1 : 0, name)
  }
}
