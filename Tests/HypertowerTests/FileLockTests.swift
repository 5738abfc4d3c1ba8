import FoundationEssentials
import Glibc
import Hypertower
import Testing

@Suite struct FileLockTests {
  /// How many descriptors of this process are of the file.
  private func descriptors(of path: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
  }

  private func lock(_ path: String) -> FileLock? {
    FileLock(descriptor: open(path, O_RDWR | O_CREAT, 0o600))
  }

  @Test("A file has one lock at a time; what is refused one is closed")
  func oneAtATime() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      var first = lock(path)
      #expect(first != nil)
      #expect(lock(path) == nil)
      let whileHeld = try descriptors(of: path)
      #expect(whileHeld == 1)
      first = nil
      let afterwards = try descriptors(of: path)
      #expect(afterwards == 0)
      #expect(lock(path) != nil)
    }
  }

  @Test("A lock ends with its owner, though a child that was forked still has the descriptor")
  func endsWithItsOwner() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      var held = lock(path)
      // As fork does: one more descriptor of what is open.
      let child = dup(try #require(held).descriptor)
      defer { close(child) }
      #expect(lock(path) == nil)
      held = nil
      #expect(lock(path) != nil)
    }
  }
}
