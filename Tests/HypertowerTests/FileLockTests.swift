import FoundationEssentials
import Glibc
import Hypertower
import Testing

@Suite struct FileLockTests {
  /// How many descriptors of this process are of the file.
  private func descriptors(of path: String) throws -> Int {
    // As the links name it.
    let path = try #require(
      realpath(path, nil).map { name in
        defer { free(name) }
        return String(cString: name)
      })
    return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
  }

  /// A lock of the file at `path`; nil if it is held elsewhere.
  private func lock(_ path: String) throws -> FileLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0)
    return try? FileLock(descriptor: descriptor)
  }

  @Test("A file has one lock at a time; what is refused one is closed")
  func oneAtATime() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      var first = try lock(path)
      #expect(first != nil)
      #expect(try lock(path) == nil)
      let whileHeld = try descriptors(of: path)
      #expect(whileHeld == 1)
      first = nil
      let afterwards = try descriptors(of: path)
      #expect(afterwards == 0)
      #expect(try lock(path) != nil)
    }
  }

  @Test("A lock ends with its owner, though a child that was forked still has the descriptor")
  func endsWithItsOwner() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      var held = try lock(path)
      // As fork does: one more descriptor of what is open.
      let child = dup(try #require(held).descriptor)
      defer { close(child) }
      #expect(try lock(path) == nil)
      held = nil
      #expect(try lock(path) != nil)
    }
  }

  @Test("What cannot be locked is not taken for locked by another process")
  func cannotBeLocked() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[1])
    close(ends[0])
    // As a file system without locks, a descriptor that is closed gives an error of its own.
    let lock = try FileLock(descriptor: ends[1])
    #expect(lock.obstacle == "Bad file descriptor")
    #expect(lock.warning(for: "log")?.hasPrefix("log: this file system cannot lock files") == true)
  }
}
