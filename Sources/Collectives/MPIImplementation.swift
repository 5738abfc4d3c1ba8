internal import Glibc

/// Which of the two families of MPI libraries has started this process.
public enum MPIImplementation: String, Sendable, CaseIterable {
  /// Open MPI, version 4 or newer.
  case openMPI = "Open MPI"
  /// MPICH and what is made of it.
  case mpich = "MPICH"

  /// The one whose launcher has started this process, as `mpirun` and Slurm's `srun` do; nil: none has.
  public static var ofLauncher: MPIImplementation? {
    // Either launcher may be started by a script that the other one runs: the process that it starts knows.
    if variable("OMPI_COMM_WORLD_SIZE") != nil || variable("PMIX_RANK") != nil { return .openMPI }
    if variable("PMI_RANK") != nil { return .mpich }
    return nil
  }

  /// The number of this process among those that a launcher has started; 0 without one.
  public static var launchedRank: Int {
    let names = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]
    return names.lazy.compactMap { variable($0).flatMap { Int($0) } }.first ?? 0
  }

  /// The number of this process among those on its machine; nil if the launcher does not tell.
  public static var localRank: Int? {
    let names = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"]
    return names.lazy.compactMap { variable($0).flatMap { Int($0) } }.first
  }

  /// The number of processes on this machine; nil if the launcher does not tell.
  public static var localSize: Int? {
    let names = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]
    return names.lazy.compactMap { variable($0).flatMap { Int($0) } }.first
  }

  /// What the launcher says how many processes it has started; nil if it does not.
  static var launchedSize: Int? {
    let names = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]
    return names.lazy.compactMap { variable($0).flatMap { Int($0) } }.first
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// The names of the library, by its version of the binary interface; the first that is there counts.
  var libraryNames: [String] {
    switch self {
    case .openMPI: ["libmpi.so.40"]
    case .mpich: ["libmpich.so.12", "libmpi.so.12"]
    }
  }

  /// What to do where there is no library.
  var installHint: String {
    switch self {
    case .openMPI: "on Debian: apt-get install libopenmpi3"
    case .mpich: "on Debian: apt-get install libmpich12"
    }
  }
}
