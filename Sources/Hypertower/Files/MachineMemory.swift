import Glibc

/// How much memory this process can have.
package enum MachineMemory {
  /// The machine's memory, in bytes.
  package static var size: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// The least of the machine's memory, the limits on this process (`ulimit -d`, `ulimit -v`), and those of the groups
  /// that it belongs to, as a container's, in bytes.
  package static var available: Int {
    let limits = [RLIMIT_DATA, RLIMIT_AS].map { resource in
      var limit = rlimit()
      return getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
        ? Int(clamping: limit.rlim_cur) : .max
    }
    return ([size] + limits + groupLimits).min()!
  }

  /// The limits of the control groups of this process, from its own up to the root.
  private static var groupLimits: [Int] {
    guard let bytes = try? FileReader.bytes(of: "/proc/self/cgroup") else { return [] }
    let places = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    }
    return places.flatMap { fields -> [Int] in
      guard fields.count == 3 else { return [] }
      let isSecond = fields[1].isEmpty
      guard isSecond || fields[1].split(separator: ",").contains("memory") else { return [] }
      let (root, file) =
        isSecond
        ? ("/sys/fs/cgroup", "memory.max")
        : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      let names = fields[2].split(separator: "/")
      return (0...names.count).compactMap { depth in
        let folder = names.prefix(depth).reduce(root) { "\($0)/\($1)" }
        // `max` stands for no limit.
        return (try? FileReader.bytes(of: "\(folder)/\(file)")).flatMap {
          Int(String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace })
        }
      }
    }
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
