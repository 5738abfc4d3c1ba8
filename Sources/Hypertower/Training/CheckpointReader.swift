/// A checkpoint's tensors and metadata, checked as they are asked for.
struct CheckpointReader {
  let file: SafetensorsFile
  /// What error messages call the file.
  let source: String
  /// Where the run goes on, and the number of bytes of a real there.
  let device: String
  let realSize: Int

  var fields: CheckpointFields { CheckpointFields(file, source: source) }

  /// The elements of a tensor that must be there with this shape, in the device's precision.
  func values(_ name: String, shape: Shape) throws -> HostArray {
    guard let entry = file[name] else {
      throw InputError(.badData, "\(source): tensor '\(name)' of shape \(shape) is missing")
    }
    guard entry.shape == shape else {
      throw InputError(
        .badData,
        "\(source): tensor '\(name)' has shape \(entry.shape), the model and its tower need \(shape)"
      )
    }
    switch (realSize, entry.elementType) {
    case (MemoryLayout<Double>.size, .float64): return .float64(entry.doubles())
    case (MemoryLayout<Float>.size, .float32): return .float32(entry.floats())
    case (_, .float32), (_, .float64):
      throw InputError(
        .badData,
        "\(source): was made in \(entry.elementType == .float64 ? "float64" : "float32"), which "
          + "\(device) does not compute in; choose the device it was made on")
    default:
      throw InputError(
        .badData,
        "\(source): tensor '\(name)' is of type \(entry.elementType.name), which no checkpoint has")
    }
  }

  /// A tensor of no axes.
  func number(_ name: String) throws -> Double { try values(name, shape: []).doubles[0] }
}

/// A checkpoint's metadata, checked.
struct CheckpointFields {
  private let metadata: [String: String]
  private let source: String

  init(_ file: SafetensorsFile, source: String) {
    metadata = file.metadata
    self.source = source
  }

  func text(_ key: String) throws -> String {
    guard let value = metadata[key] else { throw fault(key) }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    guard let value = Int(try text(key)), range.contains(value) else { throw fault(key) }
    return value
  }

  func bool(_ key: String) throws -> Bool {
    guard let value = Bool(try text(key)) else { throw fault(key) }
    return value
  }

  func fault(_ key: String) -> InputError {
    let found = metadata[key].map { "'\($0)'" } ?? "missing"
    return InputError(.badData, "\(source): '\(key)' of the metadata is \(found) or out of range")
  }
}

/// The names of a checkpoint's metadata.
enum CheckpointKey {
  static let format = "hypertower_checkpoint"
  static let version = "2"
  /// The version that held the arrays of the device as they were.
  static let earlierVersion = "1"
  static let step = "step"
  static let seed = "seed"
  static let rules = "rules"
  /// The rules with what their formulas take for constants, where that is not the default.
  static let constants = "constants"
  static let tower = "tower"
  static let firstStep = "first_step"
  static let limitsNext = "limits_next_step"
  static let average = "average"
  static let plannedSteps = "planned_steps"
  static let batch = "batch"
  static let epoch = "epoch"
  static let batchSize = "batch_size"
  static let isShuffled = "shuffled"
}

extension SafetensorsFile {
  /// How the names of tensors beside the weights begin in a checkpoint.
  private static let trainingPrefixes = ["training.", "optimizer.", "tower."]

  /// The file without what a checkpoint holds beside the weights; other files as they are.
  ///
  /// - Parameter names: tensors that are weights, whatever their names; default: none.
  func withoutTraining(keeping names: some Sequence<String> = []) -> SafetensorsFile {
    guard metadata[CheckpointKey.format] != nil else { return self }
    let names = Set(names)
    return SafetensorsFile(
      ordered: entries.filter { entry in
        names.contains(entry.name)
          || !Self.trainingPrefixes.contains { entry.name.hasPrefix($0) }
      }, metadata: metadata)
  }
}
