import Glibc
import Hypertower
import Testing

@Suite struct FileReaderTests {
  @Test func readsWhatWasWritten() throws {
    let bytes = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    try withTemporaryFolder { folder in
      for size in [0, 1, 1 << 18, bytes.count] {
        let part = Array(bytes[..<size])
        try AtomicFile.write(part, to: "\(folder)/file")
        #expect(try FileReader.bytes(of: "\(folder)/file") == part)
      }
    }
  }

  @Test func readsPipes() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    #expect(write(ends[1], "abc", 3) == 3)
    close(ends[1])
    #expect(try FileReader.bytes(of: "/dev/fd/\(ends[0])") == Array("abc".utf8))
    close(ends[0])
  }

  @Test(arguments: [
    ("/no/such/file", "/no/such/file: no such file"),
    ("/tmp", "/tmp: is a folder, expected a file"),
    ("/dev/null/file", "/dev/null/file: cannot be read: Not a directory"),
  ])
  func saysWhatIsWrong(path: String, message: String) {
    let error = #expect(throws: InputError.self) { try FileReader.bytes(of: path) }
    #expect(error?.kind == .missingInput)
    #expect(error?.message == message)
  }

  @Test func aFileLargerThanMemoryIsAnError() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write([], to: path)
      // Without blocks on the disk; where the file system cannot do that, there is nothing to test.
      guard truncate(path, 1 << 42) == 0 else { return }
      let error = #expect(throws: InputError.self) { try FileReader.bytes(of: path) }
      #expect(error?.kind == .memory)
      #expect(error?.message.contains("more than this machine's memory") == true)
    }
  }
}
