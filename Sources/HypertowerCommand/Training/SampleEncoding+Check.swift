import Datasets
import Hypertower

extension SampleEncoding {
  /// Checks that inputs and outputs of a network that was trained on such samples mean the same of others.
  ///
  /// Numbers may be standardized otherwise, as those of other rows of one table are.
  ///
  /// - Parameters:
  ///   - other: how the other samples are understood.
  ///   - source: what error messages call the file of the weights.
  /// - Throws: `InputError(.badData)`.
  func check(means other: SampleEncoding, source: String) throws {
    func fault(_ own: String, _ others: String) -> InputError {
      InputError(
        .badData,
        "\(source): was trained on other data: \(own), \(others) here; give data with the same columns and classes in "
          + "the same order")
    }
    guard (table == nil) == (other.table == nil) else {
      throw fault(Self.origin(table), Self.origin(other.table))
    }
    if let columns = table?.columns, let others = other.table?.columns {
      for place in 0..<max(columns.count, others.count) {
        let (own, its) = (Self.meaning(columns, place), Self.meaning(others, place))
        if own != its {
          throw fault("column \(place + 1) of its table is \(own)", "it is \(its)")
        }
      }
    }
    if let classNames, let others = other.classNames, classNames != others {
      throw fault("its classes are \(Self.list(classNames))", "they are \(Self.list(others))")
    }
  }

  private static func origin(_ table: TableEncoding?) -> String {
    table == nil ? "its samples are of no table" : "its samples are of a table"
  }

  /// What a column tells, such as `'age', numbers`.
  private static func meaning(_ columns: [TableEncoding.Column], _ place: Int) -> String {
    guard place < columns.count else { return "missing" }
    let column = columns[place]
    switch column.content {
    case .number: return "'\(column.name)', numbers"
    case .category(let texts, _): return "'\(column.name)', one of \(list(texts))"
    }
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
  }
}
