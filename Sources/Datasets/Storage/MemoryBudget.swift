import Hypertower

/// How much of a data set may lie in memory while it is read, and where the rest goes.
///
/// All arrays that reading makes share it: the file's bytes, a table's columns, the features. What does not fit is
/// mapped where it lies, or written to temporary files.
package final class MemoryBudget {
  /// The number of bytes that may lie in memory.
  package let limit: Int
  /// Where temporary files are made.
  package let folder: String
  /// The number of bytes that are in use.
  package private(set) var used = 0

  /// The share of the memory that a process can have which a data set may take.
  package static let share = 0.25

  /// - Parameters:
  ///   - limit: the number of bytes that may lie in memory; default: a quarter of what this process can have.
  ///   - folder: where temporary files are made; default: `ScratchFile.folder`.
  package init(
    limit: Int = Int(Double(MachineMemory.available) * share), folder: String = ScratchFile.folder
  ) {
    (self.limit, self.folder) = (limit, folder)
  }

  /// The number of bytes that are left.
  package var rest: Int { max(0, limit - used) }

  /// Takes so many bytes, if they are left.
  package func take(_ byteCount: Int) -> Bool {
    guard byteCount <= rest else { return false }
    used += byteCount
    return true
  }

  /// Gives bytes back that were taken.
  package func giveBack(_ byteCount: Int) { used -= byteCount }

  /// Gives back what an array takes that is not needed any longer.
  func giveBack<Element>(_ array: StoredArray<Element>) {
    if !array.isMapped { giveBack(array.count * MemoryLayout<Element>.stride) }
  }

  /// Why something is on disk, for the end of a sentence.
  static let reason =
    "since the data take more than a quarter of the memory that this process can have"
}
