import Hypertower

/// Samples without labels, from an IDX file, an NPY file or a CSV file of numbers.
package struct UnlabelledSamples: Sendable {
  /// The number of samples.
  package let count: Int
  /// The features of all samples, sample after sample.
  package let features: [Float]
  /// The sizes of a sample, as in `[28, 28]`.
  package let shape: [Int]
  /// The name of each sample's file; nil: they are of one file.
  package var names: [String]? = nil

  init(count: Int, features: [Float], shape: [Int]) {
    self.count = count
    self.features = features
    self.shape = shape
  }

  /// - Parameters:
  ///   - contents: an IDX file, compressed by gzip or not; an NPY file, whose images may have their channels last, as in
  ///     training; or lines of numbers separated by commas, a sample each.
  ///   - name: what error messages call the file.
  ///   - scale: what features are divided by; nil: 255 for bytes of an IDX or NPY file, else 1.
  /// - Throws: `InputError` of kind `.badData` that names what is wrong where.
  package init(_ contents: [UInt8], name: String, scale: Double?) throws {
    let values: [Double]
    if let file = try Self.numberFile(contents, name: name) {
      guard file.shape.count >= 2, file.elementCount > 0 else {
        throw InputError(
          .badData,
          "\(name): the dimensions are \(file.shape), expected the number of samples and their sizes: give "
            + "a file of samples")
      }
      (count, shape) = (file.shape[0], Array(file.shape.dropFirst()))
      let scale = scale ?? file.defaultScale
      values = try file.map { $0 / scale }
    } else {
      let rows = try Self.rows(contents, name: name)
      (count, shape) = (rows.count, [rows[0].count])
      values = rows.joined().map { $0 / (scale ?? 1) }
    }
    features = values.map(Float.init)
    if let place = features.firstIndex(where: { !$0.isFinite }) {
      let (sample, feature) = place.quotientAndRemainder(dividingBy: features.count / count)
      throw InputError(
        .badData,
        "\(name): feature \(feature) of sample \(sample) is \(values[place]), expected a number that is "
          + "finite in 32 bits: correct the data (samples and features are numbered from 0)")
    }
  }

  /// The array that an IDX or NPY file holds; nil for other files.
  private static func numberFile(_ contents: [UInt8], name: String) throws -> (any NumberFile)? {
    if contents.starts(with: NPYHeader.mark) {
      let file = try NPYFile(contents, name: name)
      return file.hasChannelsLast ? try file.withChannelsFirst() : file
    }
    guard contents.starts(with: [0, 0]) || contents.withUnsafeBytes(Gzip.isGzip) else { return nil }
    return try contents.withUnsafeBytes { try IDXFile(contents: $0, name: name) }
  }

  /// The numbers of each line of a CSV file that is not empty.
  private static func rows(_ contents: [UInt8], name: String) throws -> [[Double]] {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }
    let contents = contents[(contents.starts(with: CSVFile.byteOrderMark) ? 3 : 0)...]
    guard let text = String(validating: contents, as: UTF8.self) else {
      throw fault("is neither an IDX file, an NPY file nor text: give an IDX, NPY or CSV file")
    }
    var rows: [[Double]] = []
    for (number, line) in text.split(separator: /\r?\n/, omittingEmptySubsequences: false)
      .enumerated() where line.contains(where: { !$0.isWhitespace })
    {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      let row = try cells.enumerated().map { column, cell in
        guard let value = Double(cell.trimmed) else {
          throw fault(
            "line \(number + 1), column \(column + 1): '\(cell)' is not a number: a line holds the numbers "
              + "of one sample, separated by commas")
        }
        return value
      }
      if let first = rows.first, first.count != row.count {
        throw fault(
          "line \(number + 1) has \(row.count) numbers, expected \(first.count) as in the first: every "
            + "sample has as many")
      }
      rows.append(row)
    }
    guard !rows.isEmpty else { throw fault("has no samples: give a file with some") }
    return rows
  }
}
