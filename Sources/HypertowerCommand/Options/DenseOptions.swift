import ArgumentParser
import Hypertower

/// A dense network: layers with tanh after each, and a log-softmax at the end.
struct DenseOptions: ParsableArguments {
  @Option(
    name: .customLong("hidden"), help: SizeOption.hidden.help,
    transform: { try SizeOption.hidden.parse($0) })
  var hidden: IntegerList?

  /// The widths of the hidden layers.
  var widths: [Int] { hidden?.values ?? ModelKind.dense.defaults.sizes[.hidden]! }

  /// The network of given widths, if this machine can hold it.
  ///
  /// - Throws: `Failure(.memory)`.
  static func network(widths: [Int]) throws -> DenseNetwork {
    var count = 0.0
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      count += (Double(inputs) + 1) * Double(outputs)
    }
    try NetworkMemory.check(
      weights: count,
      of: "a network of widths \(widths.map(String.init).joined(separator: "–"))")
    return DenseNetwork(widths: widths)
  }
}
