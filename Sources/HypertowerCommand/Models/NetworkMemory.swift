import Glibc

/// Whether this machine can hold a network.
enum NetworkMemory {
  /// - Throws: `Failure` before memory runs out: the system would end the program without a word.
  static func check(weights count: Double, of network: String) throws {
    // The weights, their gradients and an optimizer's two states in single precision, and the
    // weights once more while they are drawn.
    let bytes = count * 5 * 4
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    guard bytes <= memory else {
      throw Failure(
        .memory,
        "\(network) needs at least \(formatted("%.1f", bytes / 0x1p30)) GiB, this machine has "
          + "\(formatted("%.1f", memory / 0x1p30)) GiB: choose narrower layers")
    }
  }
}
