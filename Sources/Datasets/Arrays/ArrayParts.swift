import Hypertower

/// Arrays of samples and of what is to be predicted of them, for each part of a data set.
struct ArrayParts {
  typealias Part = (samples: NPYFile, targets: NPYFile)

  let train: Part
  /// nil: the file has none.
  let validation: Part?
  /// nil: the file has none.
  let test: Part?

  /// The array at `path`, with the targets of another file.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError`.
  init(npy path: String, target: String?, in budget: MemoryBudget) throws {
    guard let target else {
      throw InputError(
        .usage, "\(path): where is what is to be predicted? Name its file by --target y.npy")
    }
    guard FileReader.size(of: target) != nil else {
      throw InputError(
        .missingInput, "\(target): no such file: give the NPY file of the targets by --target")
    }
    train = (
      try NPYFile(contentsOf: path, in: budget), try NPYFile(contentsOf: target, in: budget)
    )
    (validation, test) = (nil, nil)
  }

  /// The names of samples and targets, as libraries and people call them, in a file of several arrays.
  private static let names = [
    ("x_train", "y_train"), ("train_images", "train_labels"), ("train_x", "train_y"), ("x", "y"),
    ("images", "labels"), ("data", "target"), ("data", "targets"), ("data", "labels"),
    ("features", "labels"), ("features", "targets"), ("inputs", "targets"), ("arr_0", "arr_1"),
  ]
  private static let parts = (validation: ["val", "valid", "validation"], test: ["test"])

  /// The arrays of an NPZ file, such as Keras' `mnist.npz`, by the names `x_train`, `y_train`, `x_test` and `y_test`, or
  /// others in use.
  ///
  /// - Parameters:
  ///   - contents: the whole file.
  ///   - name: what error messages call the file.
  ///   - target: the name of the targets; nil: one of those in use.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError`.
  init(
    npz contents: StoredArray<UInt8>, name: String, target: String?, in budget: MemoryBudget
  ) throws {
    let archive = try ZipArchive(contents, name: name)
    let names = archive.names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
    try self.init(names, in: name, target: target, remedy: "numpy.savez(file, x=…, y=…)") {
      let member = try archive.contents(of: $0 + ".npy", in: budget)
      return try NPYFile(member, name: "\(name): \($0)", in: budget)
    }
  }

  /// The same of a safetensors file.
  ///
  /// - Throws: `InputError`.
  init(
    safetensors contents: StoredArray<UInt8>, name: String, target: String?,
    in budget: MemoryBudget
  ) throws {
    let layout = try contents.withBytes { try SafetensorsLayout($0, name: name) }
    let places = Dictionary(uniqueKeysWithValues: layout.places.map { ($0.name, $0) })
    try self.init(
      places.keys.sorted(), in: name, target: target,
      remedy: "safetensors.numpy.save_file({\"x\": …, \"y\": …}, file)"
    ) { try NPYFile(places[$0]!, of: contents, file: name, in: budget) }
  }

  /// - Parameters:
  ///   - members: the names of a file's arrays.
  ///   - remedy: how arrays of other names are saved, for messages.
  ///   - array: the array of a name.
  private init(
    _ members: [String], in name: String, target: String?, remedy: String,
    _ array: (String) throws -> NPYFile
  ) throws {
    /// The array of that name, in any case of letters.
    func member(_ name: String) -> String? { members.first { $0.lowercased() == name } }
    func part(_ samples: String, _ targets: String) throws -> Part? {
      guard let samples = member(samples), let targets = member(targets) else { return nil }
      return (try array(samples), try array(targets))
    }
    let candidates =
      target.map { target in Self.names.map { ($0.0, target.lowercased()) } } ?? Self.names
    guard let (x, y) = candidates.first(where: { member($0.0) != nil && member($0.1) != nil })
    else {
      throw InputError(
        .badData,
        "\(name): has \(members.isEmpty ? "no arrays" : "the arrays \(members.joined(separator: ", "))"), expected "
          + "x_train and y_train, perhaps x_test and y_test, or x and y: save them with these names, as "
          + remedy)
    }
    train = try part(x, y)!
    func other(_ names: [String]) throws -> Part? {
      for own in names where x.contains("train") {
        let pair = (x.replacing("train", with: own), y.replacing("train", with: own))
        if let part = try part(pair.0, pair.1) { return part }
        let missing = [pair.0, pair.1].filter { member($0) == nil }
        // Targets that are named alike for all parts are those of the training samples.
        let isHalf = missing == [pair.1] || missing == [pair.0] && pair.1 != y
        guard !isHalf else {
          let present = missing == [pair.1] ? pair.0 : pair.1
          throw InputError(
            .badData,
            "\(name): has \(present), but no \(missing[0]), which belongs to it: save both, or neither"
          )
        }
      }
      return nil
    }
    validation = try other(Self.parts.validation)
    test = try other(Self.parts.test)
  }
}
