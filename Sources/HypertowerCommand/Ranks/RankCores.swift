import FoundationEssentials
import Glibc

/// The processor cores that a rank has.
enum RankCores {
  /// What keeps a rank from its share of the machine's cores, or lets it have those of others; nil: nothing does.
  ///
  /// - Parameters:
  ///   - allowed: the number of cores that this process may use.
  ///   - all: the number of the machine's cores.
  ///   - used: the number of cores that the device's driver uses; nil for a GPU.
  ///   - ranks: the number of ranks on this machine.
  static func warning(allowed: Int, all: Int, used: Int?, ranks: Int) -> String? {
    guard let used else { return nil }
    let share = max(1, all / ranks)
    if allowed < share {
      return
        "each rank is bound to \(allowed) of \(all) cores, though \(share) are there for each of the \(ranks) on this "
        + "machine: mpirun --bind-to none lets it have them"
    }
    if used > allowed {
      return
        "the device's driver starts \(used) threads for \(allowed) \(allowed == 1 ? "core" : "cores"): "
        + "POCL_MAX_PTHREAD_COUNT=\(allowed) gives PoCL as many as there are"
    }
    if ranks > all {
      return
        "\(ranks) ranks on this machine share \(all) cores, and wait for each other: start fewer"
    }
    if ranks > 1 && used * ranks > all {
      return
        "\(ranks) ranks on this machine use \(used) cores each, of \(all): "
        + "POCL_MAX_PTHREAD_COUNT=\(share) gives PoCL its share of them"
    }
    return nil
  }

  /// The number of cores that this process may use.
  static var allowed: Int {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    return status.flatMap { allowed(in: $0) } ?? all
  }

  /// The number of cores in the set that a process's `/proc/PID/status` has; nil if it has none.
  static func allowed(in status: String) -> Int? {
    let name = "Cpus_allowed:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else {
      return nil
    }
    // Hexadecimal, in groups of eight digits: ff,ffffffff.
    let count = line.dropFirst(name.count).reduce(0) {
      $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0)
    }
    return count == 0 ? nil : count
  }

  static var all: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
