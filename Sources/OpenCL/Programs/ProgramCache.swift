import Glibc
import Synchronization

/// Built programs on disk, so that a source is compiled once for each device and driver.
///
/// A file that is damaged, or that the driver does not take, is as good as absent: the program is
/// built from source and the file written anew. A folder that cannot be written costs only time;
/// `warn` hears of it once.
package struct ProgramCache: Sendable {
  /// The folder of the files; nil keeps nothing.
  package let directory: String?
  private let warning: Warning?

  /// - Parameters:
  ///   - directory: The folder to keep files in, created when the first is written; nil for none.
  ///   - warn: Called at most once, with the reason why programs cannot be kept.
  package init(directory: String?, warn: (@Sendable (String) -> Void)? = nil) {
    self.directory = directory
    warning = warn.map(Warning.init)
  }

  /// `hypertower` in the user's cache folder (`$XDG_CACHE_HOME`, else `$HOME/.cache`); nil where
  /// neither variable holds an absolute path.
  package static func defaultDirectory() -> String? {
    func absolutePath(_ variable: String) -> String? {
      guard let value = getenv(variable) else { return nil }
      let path = String(cString: value)
      return path.hasPrefix("/") ? path : nil
    }
    if let cache = absolutePath("XDG_CACHE_HOME") { return cache + "/hypertower" }
    return absolutePath("HOME").map { $0 + "/.cache/hypertower" }
  }

  func program(for request: ProgramRequest, in context: DeviceContext) throws -> OpenCLProgram {
    guard let directory else { return try OpenCLProgram(compiling: request, in: context) }
    let key = Self.key(of: request, for: context.device)
    let path = directory + "/" + Self.fileName(ofKey: key)

    if let program = load(path, key, request, context) { return program }
    let program = try OpenCLProgram(compiling: request, in: context)
    // A driver without binaries, or with ones it cannot hand out, works without the cache.
    if let binary = try? program.readBinary(), !binary.isEmpty {
      let entry = ProgramCacheEntry(key: key, binary: binary)
      do {
        try writeFile(entry.encoded(), to: path, creating: directory)
      } catch {
        warning?.give(
          "built programs cannot be kept in \(directory), so every run builds them again: "
            + "\(error); name another cache folder: XDG_CACHE_HOME=FOLDER")
      }
    }
    return program
  }

  private func load(
    _ path: String, _ key: String, _ request: ProgramRequest, _ context: DeviceContext
  ) -> OpenCLProgram? {
    guard let file = try? readFile(path), let entry = ProgramCacheEntry(decoding: file),
      entry.key == key
    else { return nil }
    return try? OpenCLProgram(binary: entry.binary, of: request, in: context)
  }

  /// All that a binary depends on; each part with its length, so that no two requests share a key.
  private static func key(of request: ProgramRequest, for device: OpenCLDevice) -> String {
    [
      device.platformName, device.platformVersion, device.name, device.vendor,
      device.driverVersion, request.options, request.source,
    ].map { "\($0.utf8.count):\($0)\n" }.joined()
  }

  private static func fileName(ofKey key: String) -> String {
    let digits = String(fnv1a64(key.utf8), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + ".program"
  }
}

/// A message that is given at most once.
private final class Warning: Sendable {
  private let isGiven = Atomic(false)
  private let action: @Sendable (String) -> Void

  init(action: @escaping @Sendable (String) -> Void) { self.action = action }

  func give(_ message: String) {
    if !isGiven.exchange(true, ordering: .relaxed) { action(message) }
  }
}
