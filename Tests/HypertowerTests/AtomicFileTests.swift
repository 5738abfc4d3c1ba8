import FoundationEssentials
import Glibc
import Hypertower
import Testing

private let old = Array("old".utf8)
private let new = Array("the new contents".utf8)

private func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

@Suite struct AtomicFileTests {
  @Test func createsAndReplaces() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      for contents in [old, new, []] {
        try AtomicFile.write(contents, to: path)
        #expect(try FileReader.bytes(of: path) == contents)
        #expect(try names(in: folder) == ["file"])
      }
    }
  }

  @Test func keepsPermissions() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write(old, to: path)
      #expect(chmod(path, 0o640) == 0)
      try AtomicFile.write(new, to: path)
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o640)
    }
  }

  @Test func followsLinks() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(old, to: "\(folder)/file")
      #expect(symlink("file", "\(folder)/link") == 0)
      try AtomicFile.write(new, to: "\(folder)/link")
      #expect(try FileReader.bytes(of: "\(folder)/file") == new)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "file")
    }
  }

  @Test func aLinkToNothingLeadsToTheNewFile() throws {
    try withTemporaryFolder { folder in
      #expect(symlink("file", "\(folder)/link") == 0)
      try AtomicFile.write(new, to: "\(folder)/link")
      #expect(try FileReader.bytes(of: "\(folder)/file") == new)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "file")
      #expect(symlink("circle", "\(folder)/circle") == 0)
      let error = #expect(throws: InputError.self) {
        try AtomicFile.write(new, to: "\(folder)/circle")
      }
      #expect(error?.message.contains("Too many levels of symbolic links") == true)
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/circle") == "circle")
    }
  }

  @Test func aPipeThatLooksLikeALeftoverStays() throws {
    try withTemporaryFolder { folder in
      #expect(mkfifo("\(folder)/.hypertower-x.tmp", 0o600) == 0)
      TemporaryFile.removeLeftovers(in: folder + "/")
      // One that somebody reads, too.
      let reader = open("\(folder)/.hypertower-x.tmp", O_RDONLY | O_NONBLOCK)
      TemporaryFile.removeLeftovers(in: folder + "/")
      close(reader)
      let left = try names(in: folder)
      #expect(left == [".hypertower-x.tmp"])
    }
  }

  @Test func writesDirectlyToWhatIsNoRegularFile() async throws {
    try AtomicFile.write(new, to: "/dev/null")
    var status = stat()
    #expect(stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)

    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
    ) {
      try AtomicFile.write(Array("one ".utf8), to: "/dev/stdout")
      try AtomicFile.write(Array("two".utf8), to: "/dev/fd/1")
      try AtomicFile.write(Array("three".utf8), to: "/dev/stderr")
    }
    let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
    #expect(output.contains("one two"))
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(errors.contains("three"))
  }

  @Test func aRedirectedStandardOutputIsAppendedTo() async throws {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        let path = "\(folder)/file"
        try AtomicFile.write(old, to: path)
        let descriptor = open(path, O_WRONLY | O_TRUNC)
        dup2(descriptor, STDOUT_FILENO)
        try AtomicFile.write(old, to: "/dev/stdout")
        try AtomicFile.write(new, to: "/dev/stdout")
        let contents = try FileReader.bytes(of: path)
        precondition(contents == old + new, String(decoding: contents, as: UTF8.self))
      }
    }
  }

  @Test(arguments: [
    ("/no/such/folder/file", "No such file or directory"),
    ("/tmp", "Is a directory"),
    ("/dev/full", "No space left on device"),
    ("/dev/null/file", "Not a directory"),
    ("/dev/fd/1000000", "Bad file descriptor"),
    ("", "No such file or directory"),
  ])
  func saysWhatIsWrong(path: String, reason: String) {
    let error = #expect(throws: InputError.self) { try AtomicFile.write(new, to: path) }
    #expect(error?.kind == .cannotWrite)
    #expect(error?.message == "\(path): cannot be written: \(reason)")
  }

  /// In a process of its own, which may write no file larger than a few bytes.
  @Test func aFailureLeavesTheOldFileAndNothingElse() async throws {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        let path = "\(folder)/file"
        try AtomicFile.write(old, to: path)
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 8, rlim_max: 8)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        do {
          try AtomicFile.write(new, to: path)
          preconditionFailure("wrote \(new.count) bytes in spite of the limit")
        } catch let error as InputError {
          precondition(
            error.message == "\(path): cannot be written: File too large", error.message)
        }
        let contents = try FileReader.bytes(of: path)
        precondition(contents == old)
        let names = try names(in: folder)
        precondition(names == ["file"], "\(names)")
      }
    }
  }
}
