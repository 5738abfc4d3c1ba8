import FoundationEssentials
import Glibc
import Testing

@testable import OpenCL

@Suite("Folders in which drivers keep kernels")
struct DriverCacheTests {
  private let pocl = DriverCache.of(platform: "Portable Computing Language")!

  private func findings(_ variables: [String: String]) -> DriverCache.Findings {
    pocl.check(environment: { variables[$0] })
  }

  @Test("The folder is the driver's, by its own rules")
  func folder() {
    let places: [([String: String], String)] = [
      (["POCL_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"], "/a"),
      (["XDG_CACHE_HOME": "/b", "HOME": "/c"], "/b/pocl/kcache"),
      (["XDG_CACHE_HOME": "", "HOME": "/c"], "/c/.cache/pocl/kcache"),
      ([:], "/tmp/pocl/kcache"),
    ]
    for (variables, folder) in places { #expect(pocl.folder { variables[$0] } == folder) }
  }

  @Test("A folder that works is created and left empty")
  func good() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(findings(["POCL_CACHE_DIR": folder + "/cache"]).failure == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/cache").isEmpty)
  }

  @Test("What keeps a folder from working is told with the variable that names another")
  func bad() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data([1]).write(to: URL(filePath: folder + "/file"))
    for path in [
      "/proc/nowhere", folder + "/file", folder + "/file/below", "",
      "/" + String(repeating: "long/", count: 300),
    ] {
      let failure = findings(["POCL_CACHE_DIR": path]).failure
      #expect(failure?.folder == path && failure?.variable == "POCL_CACHE_DIR")
      #expect(failure?.description.contains("POCL_CACHE_DIR") == true)
    }
    #expect(access(folder + "/file", F_OK) == 0)
  }
}
