import Glibc
import Hypertower

/// A folder with a folder of images for each class.
struct ImageFolder {
  /// The images of a class, in the order of their names.
  struct Class {
    let name: String
    let paths: [String]
  }

  let path: String
  /// In the order of their names.
  let classes: [Class]
  /// What a user should know about other files.
  let notes: [String]

  /// - Throws: `InputError(.missingInput)` when a folder cannot be read.
  init(_ path: String) throws {
    self.path = path
    var (classes, notes) = ([Class](), [String]())
    for name in try Self.subfolders(of: path) {
      let folder = "\(path)/\(name)"
      let names = try FolderReader.names(in: folder).filter { !$0.hasPrefix(".") }.sorted()
      let images = names.filter(PixelImage.isName)
      let others = names.filter { !PixelImage.isName($0) }
      if let first = others.first {
        notes.append(
          "\(folder)/\(first): is no PNG, JPEG, PGM or PPM file by its name, and is left out"
            + (others.count > 1 ? ", as are \(others.count - 1) others there" : ""))
      }
      if !images.isEmpty {
        classes.append(Class(name: name, paths: images.map { "\(folder)/\($0)" }))
      }
    }
    (self.classes, self.notes) = (classes, notes)
  }

  /// Throws unless there is an image.
  ///
  /// - Throws: `InputError(.badData)`.
  func checkHasImages() throws {
    guard classes.isEmpty else { return }
    throw InputError(
      .badData,
      "\(path): has no images in folders of classes: put a folder with images for each class there, or remove "
        + "\(path)")
  }

  var paths: [String] { classes.flatMap(\.paths) }

  /// The names of the folders in a folder, in order; hidden ones are none.
  static func subfolders(of path: String) throws -> [String] {
    try FolderReader.names(in: path).filter { name in
      var status = stat()
      return !name.hasPrefix(".") && stat("\(path)/\(name)", &status) == 0
        && status.st_mode & S_IFMT == S_IFDIR
    }.sorted()
  }
}

/// The folders of images for each part of a data set: `train`, and perhaps `val` and `test`, with a folder for each
/// class, or the folders of the classes alone.
struct ImageFolders {
  let train: ImageFolder
  let validation: ImageFolder?
  let test: ImageFolder?

  private static let parts = [
    ["train", "training"], ["val", "valid", "validation"], ["test", "testing"],
  ]

  /// nil if there are no folders of images at `path`, or IDX files beside them.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when a folder cannot be read, `.badData` when that of a part has no
  ///   images.
  init?(_ path: String) throws {
    let path = path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let entries = try? FolderReader.names(in: path),
      !entries.contains(where: { DatasetFileName($0) != nil })
    else { return nil }
    let subfolders = try ImageFolder.subfolders(of: path)
    let folders = try Self.parts.map { names in
      try names.first(where: subfolders.contains).map { try ImageFolder("\(path)/\($0)") }
    }
    if let train = folders[0], !train.classes.isEmpty {
      (self.train, validation, test) = (train, folders[1], folders[2])
      for folder in [validation, test] { try folder?.checkHasImages() }
      return
    }
    guard !subfolders.isEmpty, case let folder = try ImageFolder(path), !folder.classes.isEmpty
    else {
      return nil
    }
    (train, validation, test) = (folder, nil, nil)
  }
}
