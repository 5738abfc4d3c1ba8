import Glibc
import Hypertower
import Testing

/// Data that are larger than a limit on the process lets lie in memory.
@Suite("Data larger than memory")
struct LargeDataTests {
  /// Arrays of zeros whose features take 32 MiB: more than a quarter of 120 MB. The file has a hole.
  private func withArrays(_ body: (_ arguments: [String]) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let (count, width) = (512, 1 << 14)
      func header(_ type: String, _ shape: String) -> [UInt8] {
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        while (text.utf8.count + 11) % 64 != 0 { text += " " }
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count + 1), 0]
          + Array("\(text)\n".utf8)
      }
      let (x, y) = (folder + "/x.npy", folder + "/y.npy")
      let start = header("|i1", "(\(count), \(width))")
      try AtomicFile.write(start, to: x)
      try #require(truncate(x, start.count + count * width) == 0)
      try AtomicFile.write(
        header("|u1", "(\(count),)") + (0..<count).map { UInt8($0 % 2) }, to: y)
      try body([
        "train", "--data", x, "--target", y, "--device", "cpu", "--hidden", "2", "--batch-size",
        "4", "--steps", "1",
      ])
    }
  }

  @Test("What goes to a temporary file is said, and trained on")
  func trained() throws {
    try withArrays { arguments in
      let run = try CommandRun(
        arguments, environment: ["TMPDIR": "/var/tmp"], after: "ulimit -d 120000")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains(
          "x.npy: features are in a temporary file in /var/tmp, since the data take more than a quarter of the memory "
            + "that this process can have"))
    }
  }

  @Test("A disk without room is an error with the folder, the bytes and the remedy")
  func noRoom() throws {
    try withArrays { arguments in
      let full = try CommandRun(
        arguments, environment: ["TMPDIR": "/var/tmp"], after: "ulimit -d 120000; ulimit -f 2")
      #expect(full.status == 73)
      #expect(
        full.errors.contains(
          "x.npy: is larger than may lie in memory, and the temporary file for it in the folder /var/tmp cannot grow "
            + "(33554432 bytes are needed): File too large: free room there, or set TMPDIR to a folder on a larger disk"
        ), "\(full.errors)")
      let missing = try CommandRun(
        arguments, environment: ["TMPDIR": "/no/such"], after: "ulimit -d 120000")
      #expect(missing.status == 73)
      #expect(
        missing.errors.contains("in the folder /no/such: No such file or directory: set TMPDIR"))
    }
  }
}
