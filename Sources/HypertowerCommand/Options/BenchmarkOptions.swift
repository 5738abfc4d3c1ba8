import ArgumentParser
import Hypertower

/// The network whose steps are timed.
struct BenchmarkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The widths of the hidden layers, a list such as 256,128; default: 128.",
      valueName: "widths"),
    transform: { try IntegerList($0, in: 1...65_536) })
  var hidden = IntegerList([128])

  @Option(help: "The number of samples of a step.")
  var batchSize = 300

  @Option(
    help:
      "What follows every layer: \(Activation.allCases.map(\.rawValue).joined(separator: ", ")).",
    transform: { try choice($0) })
  var activation = Activation.tanh

  @Option(
    help: "nll (with a log-softmax), or mse on one output for each class.",
    transform: { try choice($0) })
  var loss = BenchmarkNetwork.Loss.nll

  @Flag(
    help: ArgumentHelp(
      "Give pixels that are 0 the value 1/255.",
      discussion: "Products leave out zeros of data that have many, which MNIST's pixels are."))
  var noZeros = false

  func network() throws -> BenchmarkNetwork {
    try BenchmarkNetwork(
      hidden: hidden.values, activation: activation, loss: loss, batchSize: batchSize,
      hasZeros: !noZeros)
  }
}

/// The case of that name.
private func choice<Choice: RawRepresentable & CaseIterable>(
  _ name: String
) throws -> Choice where Choice.RawValue == String {
  guard let choice = Choice(rawValue: name) else {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("'\(name)' is not known; known are \(names)")
  }
  return choice
}
