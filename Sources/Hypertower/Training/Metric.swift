/// What evaluation tells of a model beside the loss: sums over batches, and what they come to in the end.
///
/// ```swift
/// let bias = Metric("bias") { outputs, targets in (outputs - targets).sum() }
/// let result = try trainer.evaluate(on: data, metrics: [.topK(5), bias])
/// print(result["bias"]!.number)
/// ```
public struct Metric: Sendable {
  /// What results call it.
  public let name: String
  private let function: @Sendable (Tensor, Tensor, Columns) -> Tensor
  /// What the sums come to, from them and the number of samples.
  let result: @Sendable (_ sums: [Double], _ samples: Int) -> [Double]
  /// The shape of the result; nil: that of the sums.
  let shape: Shape?
  /// What tells metrics of one name apart; nil for those that their names say all of.
  private let identity: Identity?

  private final class Identity: Sendable {}

  /// What tells the metric from others, as long as it is kept.
  struct Key: Hashable {
    let name: String
    let identity: ObjectIdentifier?
  }

  var key: Key { Key(name: name, identity: identity.map { ObjectIdentifier($0) }) }

  /// A metric of one's own. What is compiled for it is kept as long as it is: make it once, not for each
  /// evaluation.
  ///
  /// - Parameters:
  ///   - name: what results call it.
  ///   - sums: from a batch's outputs and targets what is added up over the batches, of any shape that does not
  ///     depend on the batch's size.
  ///   - result: what the sums over all batches come to, from them and the number of samples; default: each sum
  ///     divided by the number of samples.
  public init(
    _ name: String,
    sums: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor,
    result: (@Sendable (_ sums: [Double], _ samples: Int) -> [Double])? = nil
  ) {
    self.init(name, sums: { outputs, targets, _ in sums(outputs, targets) }, result: result)
  }

  /// The same of a metric that reads further columns of the data, such as a mask.
  public init(
    _ name: String,
    sums: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor, _ columns: Columns) -> Tensor,
    result: (@Sendable (_ sums: [Double], _ samples: Int) -> [Double])? = nil
  ) {
    self.name = name
    self.result = result ?? { sums, samples in sums.map { $0 / Double(samples) } }
    shape = result == nil ? nil : []
    function = sums
    identity = Identity()
  }

  /// A metric that is known by its name.
  init(
    named name: String, shape: Shape? = [],
    sums: @escaping @Sendable (Tensor, Tensor) -> Tensor,
    result: @escaping @Sendable (_ sums: [Double], _ samples: Int) -> [Double]
  ) {
    self.name = name
    self.result = result
    self.shape = shape
    function = { outputs, targets, _ in sums(outputs, targets) }
    identity = nil
  }

  /// The sums of a batch.
  func sums(_ outputs: Tensor, _ targets: Tensor, _ columns: Columns = Columns()) -> Tensor {
    function(outputs, targets, columns)
  }

  /// What a metric comes to on a data set.
  public struct Value: Sendable, Hashable {
    /// What the metric is called.
    public let name: String
    /// The shape of `elements`: that of the metric's sums, `[]` for a single number.
    public let shape: [Int]
    /// The numbers, row after row.
    public let elements: [Double]

    /// The only number.
    ///
    /// - Precondition: there is one alone.
    public var number: Double {
      require(elements.count == 1, "Metric: \(name) has \(elements.count) numbers, not one")
      return elements[0]
    }
  }
}
