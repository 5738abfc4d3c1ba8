/// The further columns of a batch, by their names: `columns["mask"]` has the shape `[batch] + ` that of a sample.
public final class Columns {
  private let tensors: [(name: String, tensor: Tensor)]
  /// What has the columns, for messages.
  private let owner: String
  /// Those that were asked for, in that order.
  private(set) var requested: [String]

  /// - Parameters:
  ///   - tensors: a tensor for each column.
  ///   - owner: what has them, for messages; default: the data.
  ///   - requested: those that were asked for already; default: none.
  init(
    _ tensors: [(name: String, tensor: Tensor)] = [], of owner: String = "the data",
    requested: [String] = []
  ) {
    self.tensors = tensors
    self.owner = owner
    self.requested = requested
  }

  /// The names that there are.
  public var names: [String] { tensors.map(\.name) }

  /// The column of that name, `[batch] + ` the shape of a sample.
  ///
  /// - Precondition: there is one.
  public subscript(name: String) -> Tensor {
    guard let own = tensors.first(where: { $0.name == name }) else {
      fatalError(Self.missing(name, among: names, of: owner))
    }
    if !requested.contains(name) { requested.append(name) }
    return own.tensor
  }

  /// What is said of a column that is not there.
  static func missing(
    _ name: String, among names: [String], of owner: String = "the data"
  ) -> String {
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    return
      "column '\(name)' is not there: the columns of \(owner) are \(list.isEmpty ? "none" : list)"
  }
}
