import Glibc
import OpenCL

/// The devices that the tests run on: all that are there.
enum TestDevices {
  static let all: [OpenCLDevice] = {
    // PoCL keeps compiled kernels in the user's cache folder unless told otherwise, and reads the
    // variable when it starts.
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    setenv("POCL_CACHE_DIR", "\(temporary)/hypertower-tests-pocl-\(getuid())", 0)
    do {
      return try OpenCLDevice.all().filter { $0.isAvailable && $0.compilerAvailable }
    } catch {
      fatalError("the OpenCL devices cannot be listed: \(error)")
    }
  }()
}
