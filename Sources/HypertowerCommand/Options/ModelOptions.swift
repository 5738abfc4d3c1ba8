import ArgumentParser
import Datasets
import Glibc
import Hypertower

/// The network: dense layers with tanh after each, and a log-softmax at the end.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("hidden"),
    help: ArgumentHelp(
      "The widths of the hidden layers, from the input on: a list such as 256,128; default: 128.",
      valueName: "widths"),
    transform: { try IntegerList($0, in: 1...greatestWidth) })
  var hidden: IntegerList?

  /// The widths of the hidden layers.
  var widths: [Int] { hidden?.values ?? [128] }

  /// Beyond all layers that fit into a machine, and far from where numbers overflow.
  private static let greatestWidth = 1 << 24

  /// The network of given widths, if this machine can hold it.
  ///
  /// - Throws: `Failure` before memory runs out: the system would end the program without a word.
  static func network(widths: [Int]) throws -> DenseNetwork {
    var count = 0.0
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      count += (Double(inputs) + 1) * Double(outputs)
    }
    // The weights, their gradients and an optimizer's two states in single precision, and the
    // weights once more while they are drawn.
    let bytes = count * 5 * 4
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    guard bytes <= memory else {
      throw Failure(
        .memory,
        "a network of widths \(widths.map(String.init).joined(separator: "–")) needs at least "
          + "\(formatted("%.1f", bytes / 0x1p30)) GiB, this machine has "
          + "\(formatted("%.1f", memory / 0x1p30)) GiB: choose narrower layers")
    }
    return DenseNetwork(widths: widths)
  }
}
