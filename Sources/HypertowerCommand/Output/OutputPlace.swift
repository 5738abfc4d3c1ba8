import Glibc
import Hypertower

/// Where a path leads, whether or not there is anything: the innermost folder on its way that exists,
/// and the names from there on.
///
/// Two paths to one place are equal, however they are spelled and through whatever links they go.
struct OutputPlace: Hashable {
  private let device: UInt
  private let inode: UInt
  private(set) var names: [String]

  /// - Throws: `InputError(.cannotWrite)` for links that lead in a circle.
  init(_ path: String) throws {
    var folder: String
    do {
      folder = try AtomicFile.resolvingLinks(path)
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(error.reason)")
    }
    var status = stat()
    var rest: [String] = []
    while stat(folder.isEmpty ? "." : folder, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
      while folder.count > 1, folder.last == "/" { folder.removeLast() }
      // Neither the current folder nor the root can be had: nothing is left to go up to.
      guard !folder.isEmpty, folder != "/" else { break }
      let parent = AtomicFile.folder(of: folder)
      rest.append(String(folder.dropFirst(parent.count)))
      folder = parent
    }
    (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
    names = []
    for name in rest.reversed() where name != "." {
      if name == ".." { _ = names.popLast() } else { names.append(name) }
    }
  }

  /// The place of that name in this folder.
  func file(_ name: String) -> OutputPlace {
    var place = self
    place.names.append(name)
    return place
  }

  /// The folder that this is in; nil if this is a folder that exists.
  var folder: OutputPlace? {
    guard !names.isEmpty else { return nil }
    var place = self
    place.names.removeLast()
    return place
  }

  /// Whether `other` is this place, or would be in it as in a folder.
  func contains(_ other: OutputPlace) -> Bool {
    device == other.device && inode == other.inode && other.names.starts(with: names)
  }
}
