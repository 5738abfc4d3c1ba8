import Hypertower

extension UnlabelledSamples {
  /// The rows of a table with the columns of one that a network was trained on, of which the target may be missing, and
  /// what to tell the user of them.
  ///
  /// - Parameters:
  ///   - contents: the file, compressed by gzip or not.
  ///   - encoding: what was kept with the weights.
  ///   - delimiter: what separates cells; nil: what the first line suggests.
  ///   - name: what error messages call the file.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` that names what is wrong where, `.cannotWrite` when there is no room for a
  ///   temporary file.
  package static func table(
    _ contents: StoredArray<UInt8>, as encoding: TableEncoding, delimiter: String?, name: String,
    in budget: MemoryBudget = MemoryBudget()
  ) throws -> (samples: UnlabelledSamples, notes: [String]) {
    let table = try Table(
      CSVFile(contents, name: name, delimiter: delimiter, in: budget), hasNames: encoding.hasNames)
    let columns = try encoding.columns(of: table, in: budget)
    let (features, notes) = try encoding.features(
      of: columns, rows: Array(0..<table.count), in: table, budget)
    return (
      UnlabelledSamples(count: table.count, features: features, shape: [encoding.featureCount]),
      TableFaults(columns, in: table).notes + notes
    )
  }
}
