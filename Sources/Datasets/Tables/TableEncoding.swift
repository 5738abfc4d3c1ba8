import Hypertower

/// How the rows of a table become features: numbers are standardized, texts one-hot, by what the training part had.
public struct TableEncoding: Codable, Equatable, Sendable {
  /// A column that features come from.
  public struct Column: Codable, Equatable, Sendable {
    /// What the column holds.
    public enum Content: Codable, Equatable, Sendable {
      /// Numbers, standardized to one feature; `fill` stands for a missing one, nil: none may be missing.
      case number(Standardization, fill: Double?)
      /// Texts, one-hot with a feature for each of these; `fill` stands for a missing one, nil: all features are 0.
      case category([String], fill: String?)
    }

    /// Its name in the table.
    public let name: String
    /// What its cells become.
    public let content: Content

    /// The number of features.
    var width: Int {
      switch content {
      case .number: 1
      case .category(let texts, _): texts.count
      }
    }
  }

  /// The columns that features come from, in the order of the features.
  public let columns: [Column]
  /// The column that is predicted.
  public let target: String
  /// What becomes of missing values; nil: they are errors.
  public let missing: TableOptions.Missing?
  /// Whether the first row of a file has the columns' names.
  public let hasNames: Bool
  /// The number of columns of a table without names, whose columns are known by their places; nil: they have names.
  public let columnCount: Int?

  /// The number of features.
  public var featureCount: Int { columns.reduce(0) { $0 + $1.width } }

  /// Whether a file of weights can say this.
  var isValid: Bool {
    !columns.isEmpty && Set(columns.map(\.name)).count == columns.count
      && columns.allSatisfy { column in
        switch column.content {
        case .number(let standardization, let fill):
          standardization.isValid && fill.map(\.isFinite) ?? true
        case .category(let texts, let fill):
          !texts.isEmpty && Set(texts).count == texts.count && fill.map(texts.contains) ?? true
        }
      }
  }

  /// What the training part of a table says.
  ///
  /// - Parameters:
  ///   - columns: those that features come from.
  ///   - rows: the numbers of the rows that are trained on.
  ///   - columnCount: the number of columns of the table.
  init(
    _ columns: [TableColumn], target: String, rows: [Int], columnCount: Int, _ options: TableOptions
  ) {
    self.columnCount = options.hasNames ? nil : columnCount
    self.target = target
    missing = options.missing
    hasNames = options.hasNames
    self.columns = columns.map { column in
      Column(name: column.name, content: Self.content(of: column, rows, options.missing))
    }.filter { $0.width > 0 }
  }

  private static func content(
    of column: TableColumn, _ rows: [Int], _ missing: TableOptions.Missing?
  ) -> Column.Content {
    switch column.values {
    case .numbers(let all):
      return all.withElements { all in
        let cells = rows.lazy.map { all[$0] }
        let numbers = cells.filter { !$0.isNaN }
        let fill: Double? =
          switch missing {
          case .mean: Standardization(of: numbers).mean
          case .median: Median.median(of: numbers)
          case .zero: 0
          case .drop, nil: nil
          }
        let scale =
          fill.map { fill in Standardization(of: cells.map { $0.isNaN ? fill : $0 }) }
          ?? Standardization(of: numbers)
        return .number(scale, fill: fill)
      }
    case .texts(let all):
      var counts = [Int](repeating: 0, count: all.texts.count)
      all.codes.withElements { codes in
        for row in rows where codes[row] != TextCodes.missing { counts[Int(codes[row])] += 1 }
      }
      let occurring = counts.indices.filter { counts[$0] > 0 }
        .sorted { all.texts[$0] < all.texts[$1] }
      let fill: Int? =
        switch missing {
        case .mean, .median:
          occurring.max { (counts[$0], all.texts[$1]) < (counts[$1], all.texts[$0]) }
        case .zero, .drop, nil: nil
        }
      return .category(occurring.map { all.texts[$0] }, fill: fill.map { all.texts[$0] })
    }
  }
}
