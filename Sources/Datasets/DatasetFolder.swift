import Glibc
import Hypertower

/// Finds the IDX files of a data set in a folder, under any of the names in use.
struct DatasetFolder {
  /// The paths of the two files of one part of a data set.
  struct Part {
    let images: String
    let labels: String
  }

  let train: Part
  /// nil if the folder has neither of the two test files.
  let test: Part?

  /// Looks into the folder `path`, or, for a `path` of the form `FOLDER/PREFIX`, for those files of a
  /// folder whose names begin with the prefix.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when there is no such folder, or when one of two
  ///   files that belong together is missing; `.usage` when the folder holds several data sets.
  init(_ path: String) throws {
    let files = try DatasetNames(of: path)
    guard let trainImages = try files.path(of: .trainImages) else {
      throw files.missing(.trainImages)
    }
    guard let trainLabels = try files.path(of: .trainLabels) else {
      throw files.missing(.trainLabels, beside: trainImages)
    }
    train = Part(images: trainImages, labels: trainLabels)
    switch (try files.path(of: .testImages), try files.path(of: .testLabels)) {
    case (let images?, let labels?): test = Part(images: images, labels: labels)
    case (let images?, nil): throw files.missing(.testLabels, beside: images)
    case (nil, let labels?): throw files.missing(.testImages, beside: labels)
    case (nil, nil): test = nil
    }
  }
}

/// The entries of a folder whose names are those of one data set.
private struct DatasetNames {
  let folder: String
  /// The preferred ones first.
  let names: [DatasetFileName]

  init(of path: String) throws {
    if kind(of: path) == .folder {
      folder = path
      names = try Self.onlyDataset(of: Self.all(in: path), in: path)
      return
    }
    let nameStart = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
    let prefix = DatasetFileName.prefix(String(path[nameStart...]))
    folder = nameStart == path.startIndex ? "." : String(path[..<nameStart])
    guard kind(of: path) == .nothing, !prefix.isEmpty, kind(of: folder) == .folder else {
      throw Self.noFolder(path)
    }
    names = try Self.all(in: folder).filter { $0.prefix == prefix }
    guard !names.isEmpty else { throw Self.noFolder(path) }
  }

  private static func all(in folder: String) throws -> [DatasetFileName] {
    try FolderReader.names(in: folder).compactMap { DatasetFileName($0) }
      .sorted { $0.precedes($1) }
  }

  /// Those of `names` that belong to the data set with MNIST's own names, or else to the only one
  /// that there is.
  private static func onlyDataset(
    of names: [DatasetFileName], in folder: String
  ) throws -> [DatasetFileName] {
    let datasets = Dictionary(grouping: names, by: \.prefix)
    let complete = datasets.filter { _, names in
      Set(names.map(\.file)).isSuperset(of: [.trainImages, .trainLabels])
    }
    let candidates = complete.isEmpty ? datasets : complete
    if let names = candidates[""] { return names }
    let prefixes = candidates.keys.sorted()
    guard prefixes.count <= 1 else {
      throw InputError(
        .usage,
        "\(folder): holds the files of several data sets, \(prefixes.joined(separator: ", ")): "
          + "give one of them, such as \(join(folder, prefixes[0]))")
    }
    return prefixes.first.flatMap { candidates[$0] } ?? []
  }

  /// The path of `file`: an entry of that name, or else a file of that name in a folder of that name,
  /// as some archives unpack.
  func path(of file: DatasetFile) throws -> String? {
    let entries = names.filter { $0.file == file }.map { join(folder, $0.name) }
    if let path = entries.first(where: { kind(of: $0) == .file }) { return path }
    for entry in entries where kind(of: entry) == .folder {
      let inside = try Self.all(in: entry).filter { $0.file == file }.map { join(entry, $0.name) }
      if let path = inside.first(where: { kind(of: $0) == .file }) { return path }
    }
    return nil
  }

  // MARK: Errors

  private static func noFolder(_ path: String) -> InputError {
    InputError(
      .missingInput,
      "\(path): \(kind(of: path) == .nothing ? "no such folder" : "is no folder"), expected one that "
        + "holds the IDX files of a data set, or such a folder and the prefix of the files' names")
  }

  /// - Parameter other: the file that is there and needs the missing one.
  func missing(_ file: DatasetFile, beside other: String? = nil) -> InputError {
    let prefix = names.first.map { $0.prefix.isEmpty ? "" : $0.prefix + "-" } ?? ""
    let spellings =
      ([file.rawValue] + (file.isTest ? [file.rawValue.replacing("t10k", with: "test")] : []))
      .map { prefix + $0 }
    let entry = names.first { $0.file == file }
    return InputError(
      .missingInput,
      "\(folder): no file \(spellings.joined(separator: " or ")), with or without .gz, "
        + (entry.map { "(\($0.name) there leads to no such file) " } ?? "")
        + (other.map { "which belongs to \($0): add it" }
          ?? "expected there with the other IDX files of the data set")
        + (file.isTest ? ", or take the other file away to go without test data" : ""))
  }
}

/// What is found at a path.
private enum Kind {
  case file
  case folder
  case nothing
}

private func kind(of path: String) -> Kind {
  var status = stat()
  guard stat(path, &status) == 0 else {
    // Whoever reads the file tells any other fault than its absence.
    return errno == ENOENT || errno == ENOTDIR ? .nothing : .file
  }
  return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
}

private func join(_ folder: String, _ name: String) -> String {
  folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
}
