import Glibc

/// How much memory this process can have.
package enum MachineMemory {
  /// The machine's memory, in bytes.
  package static var size: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Checks that so many bytes can be held, before they are asked for: an allocation that fails ends
  /// the program.
  ///
  /// - Parameter name: what the bytes are, for the message.
  /// - Throws: `InputError(.memory)`.
  package static func check(_ byteCount: Int, for name: String) throws {
    guard byteCount <= size else {
      throw InputError(
        .memory,
        "\(name): needs \(byteCount) bytes, more than this machine's memory of \(size) bytes")
    }
    guard byteCount > 0 else { return }
    // A limit on the process, as `ulimit -v` sets it, shows only in the attempt.
    let probe = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let probe, probe != MAP_FAILED else {
      throw InputError(
        .memory, "\(name): needs \(byteCount) bytes, more than this process may have (ulimit -v)")
    }
    munmap(probe, byteCount)
  }
}
