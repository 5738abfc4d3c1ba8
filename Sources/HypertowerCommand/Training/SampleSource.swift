import Datasets
import Hypertower

/// Where samples come from, and how they are to be understood.
struct SampleSource {
  /// A folder or a file; nil: the embedded MNIST.
  var path: String?
  /// See `DataOptions`.
  var classCount: Int?
  /// The number of classes that a network tells apart which is measured; nil: none is known.
  var networkClassCount: Int?
  /// See `DataOptions`.
  var scale: Double?
  /// How a table is to be understood.
  var table = TableOptions()
  var split = Split()
  /// How image files become samples.
  var images = ImageOptions()

  /// Reads the samples, and tells the user what to know about them.
  ///
  /// - Parameter encoding: how the samples were understood that a network was trained on; nil: it follows from the data.
  /// - Throws: `InputError`; `Failure(.usage)` for options that the data have no use for.
  func read(as encoding: SampleEncoding? = nil) throws -> SplitDataset {
    let data = try uncheckedRead(as: encoding)
    for note in data.notes { Console.warn(note) }
    return data
  }

  private func uncheckedRead(as encoding: SampleEncoding?) throws -> SplitDataset {
    let format = path.map { DataFormat(of: $0) }
    if let encoding, (encoding.table == nil) == (format == .table) {
      throw Failure(
        .usage,
        encoding.table == nil
          ? "\(path!): is a table, and the network was trained on none: give data as it was trained on"
          : "the network was trained on a table, \(path ?? "the embedded MNIST") is none: give a table by --data"
      )
    }
    guard let path, let format else {
      try refuse(table.given + images.given, "the embedded MNIST")
      return SplitDataset(try MNIST.embedded(imageOptions))
    }
    switch format {
    case .table:
      if classCount != nil || scale != nil {
        throw Failure(
          .usage,
          "\(path): \(classCount != nil ? "--classes" : "--scale") is for images; a table's columns say which "
            + "classes there are, and are standardized")
      }
      try refuse(images.given, path)
      guard let encoding else { return try .table(path, table, split: split) }
      try refuse(table.given.filter { $0 != "--delimiter" }, "the file of the weights")
      return try .table(path, as: encoding, delimiter: table.delimiter, split: split)
    case .folder:
      try refuse(table.given, path)
      if let data = try SplitDataset.imageFolders(path, images, split: split, as: encoding) {
        try refuse(
          [("--classes", classCount != nil), ("--scale", scale != nil)].filter(\.1).map(\.0), path)
        if encoding != nil { try refuse(images.given, "the file of the weights") }
        return data
      }
      try refuse(images.given, path)
      return SplitDataset(try LabelledImages.directory(path, imageOptions))
    case .array, .arrays, .safetensors:
      try refuse(
        table.given.filter { !["--target", "--task"].contains($0) } + images.given, path)
      let trained = encoding.map {
        $0.classCount == nil ? TableOptions.Task.regression : .classification
      }
      return try .arrays(
        path, target: table.target, task: trained ?? table.task, imageOptions,
        scales: encoding?.values)
    case .idx:
      throw Failure(
        .usage,
        "\(path): is a single IDX file, of which a data set has several: give their folder by --data"
      )
    }
  }

  private var imageOptions: LabelledImages.Options {
    var options = LabelledImages.Options(classCount: classCount, scale: scale, split: split)
    options.leastClassCount = networkClassCount
    return options
  }

  /// Throws if options were given that say what `name` says.
  private func refuse(_ given: [String], _ name: String) throws {
    guard given.isEmpty else {
      throw Failure(
        .usage,
        "\(given.joined(separator: ", ")) cannot be given here: \(name) says what is predicted from what"
      )
    }
  }
}
