import Glibc
import OpenCL
import Synchronization
import Testing

@Suite struct ProgramCacheTests {
  private static let source = "kernel void f(global float *x) { x[get_global_id(0)] = VALUE; }"

  private let folder = TemporaryDirectory()

  /// Builds or loads the program in a context of its own, and checks that it computes `value`.
  private func load(
    _ value: Int, _ device: OpenCLDevice, _ cache: ProgramCache,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> OpenCLProgram {
    let context = try DeviceContext(device: device)
    let program = try context.program(
      source: Self.source, options: "-DVALUE=\(value)", cache: cache)
    let queue = try CommandQueue(context)
    let buffer = try queue.makeBuffer([0, 0, 0])
    let kernel = try Kernel("f", of: program)
    try kernel.setArgument(0, buffer)
    try queue.enqueue(kernel, global: [3])
    #expect(
      try queue.floats(buffer, count: 3) == Array(repeating: Float(value), count: 3),
      sourceLocation: sourceLocation)
    return program
  }

  @Test(arguments: TestDevices.all)
  func secondContextLoadsFromDisk(_ device: OpenCLDevice) throws {
    // Folders that are not there are created.
    let cache = ProgramCache(directory: folder.path + "/a/b") { Issue.record("warned: \($0)") }
    #expect(try !load(1, device, cache).loadedFromCache)
    #expect(try load(1, device, cache).loadedFromCache)
    #expect(try load(1, device, ProgramCache(directory: folder.path + "/a/b")).loadedFromCache)
  }

  @Test(arguments: TestDevices.all)
  func entryIsNamedByItsKeyAndNothingElseIsLeft(_ device: OpenCLDevice) throws {
    _ = try load(1, device, ProgramCache(directory: folder.path))
    let files = try folder.files()
    #expect(files.count == 1)
    let entry = try #require(ProgramCacheEntry(decoding: try contents(of: files[0])))
    for part in [
      Self.source, "-DVALUE=1", device.name, device.vendor, device.driverVersion,
      device.platformVersion,
    ] {
      #expect(entry.key.contains(part), "no '\(part)' in the key")
    }
    let digits = String(fnv1a64(entry.key.utf8), radix: 16)
    #expect(files[0].hasSuffix(digits + ".program"))
  }

  @Test(arguments: TestDevices.all)
  func otherOptionsAreAnotherEntry(_ device: OpenCLDevice) throws {
    let cache = ProgramCache(directory: folder.path)
    #expect(try !load(1, device, cache).loadedFromCache)
    #expect(try !load(2, device, cache).loadedFromCache)
    #expect(try folder.files().count == 2)
    #expect(try load(1, device, cache).loadedFromCache)
    #expect(try load(2, device, cache).loadedFromCache)
  }

  @Test(arguments: TestDevices.all)
  func damagedEntryIsBuiltAnewAndRewritten(_ device: OpenCLDevice) throws {
    let cache = ProgramCache(directory: folder.path)
    _ = try load(1, device, cache)
    let file = try #require(try folder.files().first)
    let intact = try contents(of: file)

    var damages = [0, 8, 12, 20, 28, 100, intact.count / 2, intact.count - 1].map { offset in
      var damaged = intact
      damaged[offset] ^= 0x10
      return ("byte \(offset)", damaged)
    }
    damages += [0, 1, 31, intact.count / 2, intact.count - 1].map {
      ("cut to \($0)", Array(intact[..<$0]))
    }
    damages.append(("a byte too many", intact + [0]))
    for (damage, bytes) in damages {
      try write(bytes, to: file)
      #expect(try !load(1, device, cache).loadedFromCache, "\(damage)")
      #expect(try load(1, device, cache).loadedFromCache, "\(damage)")
    }
  }

  @Test(arguments: TestDevices.all)
  func intactEntryThatTheDriverRefusesIsRewritten(_ device: OpenCLDevice) throws {
    let cache = ProgramCache(directory: folder.path)
    _ = try load(1, device, cache)
    let file = try #require(try folder.files().first)
    var entry = try #require(ProgramCacheEntry(decoding: try contents(of: file)))
    for binary in [[], Array("no binary of any driver".utf8)] as [[UInt8]] {
      entry.binary = binary
      try write(entry.encoded(), to: file)
      #expect(try !load(1, device, cache).loadedFromCache)
      #expect(try load(1, device, cache).loadedFromCache)
    }
  }

  @Test(arguments: TestDevices.all)
  func entryOfAnotherKeyIsNotTaken(_ device: OpenCLDevice) throws {
    let cache = ProgramCache(directory: folder.path)
    _ = try load(1, device, cache)
    let first = try #require(try folder.files().first)
    _ = try load(2, device, cache)
    let second = try #require(try folder.files().first { $0 != first })
    // As if both keys had the same hash.
    try write(try contents(of: first), to: second)
    #expect(try !load(2, device, cache).loadedFromCache)
    #expect(try load(2, device, cache).loadedFromCache)
  }

  @Test(arguments: TestDevices.all)
  func folderThatCannotBeWrittenWarnsOnce(_ device: OpenCLDevice) throws {
    // Below a file, since permissions do not stop the superuser.
    try write([], to: folder.path + "/file")
    let warnings = Warnings()
    let cache = ProgramCache(directory: folder.path + "/file/cache") { warnings.append($0) }
    #expect(try !load(1, device, cache).loadedFromCache)
    #expect(try !load(1, device, cache).loadedFromCache)
    #expect(warnings.all.count == 1)
    let warning = try #require(warnings.all.first)
    #expect(warning.contains(folder.path + "/file/cache"))
    #expect(warning.contains(": Not a directory"))
  }

  @Test(arguments: TestDevices.all)
  func nothingIsKeptWithoutAFolder(_ device: OpenCLDevice) throws {
    let cache = ProgramCache(directory: nil) { Issue.record("warned: \($0)") }
    #expect(try !load(1, device, cache).loadedFromCache)
    #expect(try !load(1, device, cache).loadedFromCache)
  }

  @Test func defaultFolderFollowsTheEnvironment() async {
    await #expect(processExitsWith: .success) {
      setenv("HOME", "/home/someone", 1)
      setenv("XDG_CACHE_HOME", "/cache", 1)
      #expect(ProgramCache.defaultDirectory() == "/cache/hypertower")
      setenv("XDG_CACHE_HOME", "relative", 1)
      #expect(ProgramCache.defaultDirectory() == "/home/someone/.cache/hypertower")
      unsetenv("XDG_CACHE_HOME")
      #expect(ProgramCache.defaultDirectory() == "/home/someone/.cache/hypertower")
      unsetenv("HOME")
      #expect(ProgramCache.defaultDirectory() == nil)
    }
  }
}

private final class Warnings: Sendable {
  private let messages = Mutex<[String]>([])

  var all: [String] { messages.withLock { $0 } }

  func append(_ message: String) { messages.withLock { $0.append(message) } }
}
