/// How a table is to be understood.
public struct TableOptions: Codable, Equatable, Sendable {
  /// What is predicted.
  public enum Task: String, Codable, CaseIterable, Sendable {
    /// One of several classes.
    case classification
    /// A number.
    case regression
  }

  /// What becomes of missing values.
  public enum Missing: String, Codable, CaseIterable, Sendable {
    /// Numbers get the mean of their column's training part, texts the most frequent one.
    case mean
    /// Numbers get the median, texts the most frequent one.
    case median
    /// Numbers become 0, texts none of the categories.
    case zero
    /// Rows with missing values are left out.
    case drop
  }

  /// The column to predict; nil: none is named.
  public var target: String?
  /// nil: what the target's values suggest.
  public var task: Task?
  /// What separates cells, one ASCII character; nil: what the first line suggests.
  public var delimiter: String?
  /// nil: a missing value is an error.
  public var missing: Missing?
  /// Whether the first row has the names of the columns; otherwise they are called `column1` and so on.
  public var hasNames: Bool
  /// Columns that are left out.
  public var ignored: [String]
  /// Columns that are categories though they may hold numbers.
  public var categories: [String]

  /// Options with their defaults, for a target.
  public init(
    target: String? = nil, task: Task? = nil, delimiter: String? = nil, missing: Missing? = nil,
    hasNames: Bool = true, ignored: [String] = [], categories: [String] = []
  ) {
    self.target = target
    self.task = task
    self.delimiter = delimiter
    self.missing = missing
    self.hasNames = hasNames
    self.ignored = ignored
    self.categories = categories
  }
}
