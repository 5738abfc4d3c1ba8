import ArgumentParser
import Hypertower

/// The network whose steps are timed.
struct BenchmarkOptions: ParsableArguments {
  @OptionGroup var model: ModelOptions

  @Option(help: "The number of samples of a step; default: the model's in `train`, dense: 300.")
  var batchSize: Int?

  @Option(
    help: """
      What follows every layer of the dense network: \
      \(Activation.allCases.map(\.rawValue).joined(separator: ", ")); default: tanh.
      """,
    transform: { try choice($0) })
  var activation: Activation?

  @Option(
    help: """
      The dense network's loss: nll (with a log-softmax), or mse on one output for each class; default: nll.
      """,
    transform: { try choice($0) })
  var loss: BenchmarkNetwork.Loss?

  @Flag(
    help: ArgumentHelp(
      "Give pixels that are 0 the value 1/255.",
      discussion: "Products leave out zeros of data that have many, which MNIST's pixels are."))
  var noZeros = false

  private var kind: ModelKind { model.kind ?? .dense }

  func validate() throws {
    let ofDense = [
      ("--activation", activation != nil), ("--loss", loss != nil), ("--no-zeros", noZeros),
    ].filter(\.1).map(\.0)
    guard kind == .dense || ofDense.isEmpty else {
      throw ValidationError(
        "\(ofDense.joined(separator: ", ")) cannot be given with --model \(kind): it is for dense")
    }
  }

  /// - Throws: `Failure`.
  func network() throws -> BenchmarkNetwork {
    let choice = try model.choice()
    let batchSize = batchSize ?? kind.defaults.batchSize
    guard kind == .dense else {
      let sizes = choice.sizes.filter { $1 != kind.defaults.sizes[$0] }
        .map { " \($0) \(IntegerList($1))" }.sorted()
      return try BenchmarkNetwork(choice, sizes: sizes.joined(), batchSize: batchSize)
    }
    return try BenchmarkNetwork(
      hidden: choice.sizes[.hidden]!, activation: activation ?? .tanh, loss: loss ?? .nll,
      batchSize: batchSize, hasZeros: !noZeros)
  }
}
