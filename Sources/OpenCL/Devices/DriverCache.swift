import Glibc

/// Where a driver keeps the kernels that it compiles, for drivers that cannot run kernels without it.
///
/// Such a folder is checked before the driver is asked for devices: PoCL aborts the process, reports
/// no devices or fails to build any kernel, depending on what is wrong. The drivers of Intel, Mesa
/// and NVIDIA go on without their caches and so are not listed.
struct DriverCache: Sendable {
  /// The driver's name in messages.
  let driver: String
  /// The name of its platform.
  let platform: String
  /// The environment variable that names the folder.
  let variable: String
  /// The longest path that the driver takes, in bytes.
  let longestPath: Int
  /// The folder, given the values of environment variables.
  let folder: @Sendable (_ environment: (String) -> String?) -> String

  /// One row for each driver that needs its folder.
  static let all = [
    DriverCache(
      driver: "PoCL", platform: "Portable Computing Language", variable: "POCL_CACHE_DIR",
      // What PoCL puts below the folder counts towards its limit of 1,024.
      longestPath: 800,
      folder: { environment in
        if let folder = environment("POCL_CACHE_DIR") { return folder }
        if let caches = environment("XDG_CACHE_HOME"), !caches.isEmpty {
          return caches + "/pocl/kcache"
        }
        return environment("HOME").map { $0 + "/.cache/pocl/kcache" } ?? "/tmp/pocl/kcache"
      })
  ]

  /// The row of the driver whose platform has that name; nil if that driver needs no folder.
  static func of(platform: String) -> DriverCache? { all.first { $0.platform == platform } }

  /// What `check` finds.
  struct Findings {
    /// Why the driver cannot work with its folder; nil if it can.
    var failure: DriverCacheError?
    /// What a user should know of a folder that works.
    var warning: String?
  }

  /// Creates the folder, as the driver would, and tries to use it as the driver does.
  func check(environment: (String) -> String? = DriverCache.variable(named:)) -> Findings {
    let path = folder(environment)
    if let obstacle = obstacle(of: path) {
      return Findings(
        failure: DriverCacheError(
          driver: driver, folder: path, obstacle: obstacle, variable: variable))
    }
    guard let owner = FolderProbe.otherOwner(of: path) else { return Findings() }
    return Findings(
      warning: "\(driver)'s cache folder \(path) belongs to \(owner), who can change the compiled "
        + "kernels that run here; to use another: \(variable)=FOLDER")
  }

  private func obstacle(of path: String) -> String? {
    if path.isEmpty { return "its name is empty" }
    if path.utf8.count > longestPath {
      return "its name has \(path.utf8.count) bytes, more than \(longestPath)"
    }
    return FolderProbe.obstacle(to: path)
  }

  /// The value of an environment variable.
  static func variable(named name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// A driver that cannot use the folder in which it keeps compiled kernels, and what to do.
public struct DriverCacheError: Error, CustomStringConvertible, Sendable {
  /// The driver's name.
  public let driver: String
  /// The folder's path.
  public let folder: String
  /// What is wrong with the folder.
  public let obstacle: String
  /// The environment variable that names another folder.
  public let variable: String

  public var description: String {
    "\(driver) cannot use its cache folder '\(folder)': \(obstacle); "
      + "name a folder that it can use: \(variable)=FOLDER"
  }
}
