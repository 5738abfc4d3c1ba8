import Glibc
import Hypertower
import Testing

@testable import Datasets

@Suite("Arrays in memory or in temporary files", .serialized)
struct StoredArrayTests {
  /// The array of some numbers, added one by one and several at once.
  private func array(
    _ numbers: [Float], limit: Int, expected: Int = 0
  ) throws -> StoredArray<Float> {
    var builder = try StoredArrayBuilder<Float>(
      "data", in: MemoryBudget(limit: limit), expected: expected)
    for number in numbers.prefix(3) { try builder.append(number) }
    try builder.append(contentsOf: Array(numbers.dropFirst(3)))
    #expect(builder.count == numbers.count)
    return try builder.finish()
  }

  @Test("Elements are the same wherever they lie", arguments: [0, 1, 3, 4, 1000, 300_001])
  func elements(count: Int) throws {
    let numbers = (0..<count).map { Float($0) }
    for (limit, expected) in [(0, 0), (0, count), (0, 2 * count + 1), (1 << 20, 0), (1 << 24, 0)] {
      let stored = try array(numbers, limit: limit, expected: expected)
      #expect(stored.isMapped == (max(count, expected) * 4 > limit))
      #expect(stored.elements == numbers)
      #expect((0..<min(count, 5)).allSatisfy { stored[$0] == numbers[$0] })
      #expect(count < 4 || stored[1..<4].elements == [1, 2, 3])
    }
  }

  @Test("Arrays share a budget, and what is given up is free again")
  func budget() throws {
    let budget = MemoryBudget(limit: 3 << 20)
    var first = try StoredArrayBuilder<UInt8>("first", in: budget, expected: 2 << 20)
    var second = try StoredArrayBuilder<UInt8>("second", in: budget)
    let bytes = [UInt8](repeating: 7, count: 1 << 20)
    try second.append(contentsOf: bytes)
    #expect(budget.rest == 0)
    try second.append(7)
    #expect(budget.used == 2 << 20)
    #expect(try second.finish().isMapped)
    try first.append(contentsOf: bytes)
    let stored = try first.finish()
    #expect(!stored.isMapped && budget.used == 1 << 20)
    budget.giveBack(stored)
    #expect(budget.used == 0)
  }

  @Test("There may be more temporary files than open files at first")
  func manyFiles() throws {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    getrlimit(resource, &limit)
    var small = limit
    small.rlim_cur = 100
    setrlimit(resource, &small)
    defer { setrlimit(resource, &limit) }
    let budget = MemoryBudget(limit: 0)
    var builders = try (0..<200).map { _ in try StoredArrayBuilder<Int>("data", in: budget) }
    for number in builders.indices { try builders[number].append(number) }
    let arrays = try builders.indices.map { try builders[$0].finish() }
    #expect(arrays.indices.allSatisfy { arrays[$0].elements == [$0] })
  }

  @Test("A temporary file has no name")
  func name() throws {
    try withTemporaryFolder { folder in
      let budget = MemoryBudget(limit: 0, folder: folder)
      var builder = try StoredArrayBuilder<UInt8>("data", in: budget)
      try builder.append(1)
      let stored = try builder.finish()
      #expect(try FolderReader.names(in: folder).isEmpty)
      #expect(stored.elements == [1])
    }
  }

  private func fault(_ body: () throws -> Void) -> InputError? {
    #expect(throws: InputError.self) { try body() }
  }

  @Test(
    "A folder that is not there, and a disk without room, are named with the bytes and the remedy")
  func noRoom() throws {
    let missing = fault { _ = try ScratchFile(in: "/no/such", for: "data.csv", expectedSize: 0) }
    #expect(missing?.kind == .cannotWrite)
    #expect(
      missing?.message
        == "data.csv: is larger than may lie in memory, and no temporary file can be made for it in the folder "
        + "/no/such: No such file or directory: set TMPDIR to a folder on a disk with room for it")
    let size = 1 << 60
    let full = fault {
      _ = try ScratchFile(in: ScratchFile.folder, for: "data.csv", expectedSize: size)
    }
    #expect(full?.kind == .cannotWrite)
    #expect(
      full?.message.hasPrefix(
        "data.csv: is larger than may lie in memory, and the temporary file for it in the folder "
          + "\(ScratchFile.folder) cannot grow (\(size) bytes are needed): ") == true)
    #expect(
      full?.message.hasSuffix(": free room there, or set TMPDIR to a folder on a larger disk")
        == true)
  }

  @Test("A file that cannot grow is an error, and no signal")
  func limitedFile() throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let handler = signal(SIGXFSZ, SIG_IGN)
    var small = limit
    small.rlim_cur = 1 << 20
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
    defer {
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      signal(SIGXFSZ, handler)
    }
    let error = fault { _ = try array([Float](repeating: 1, count: 1 << 20), limit: 0) }
    #expect(error?.kind == .cannotWrite)
    #expect(
      error?.message
        == "data: is larger than may lie in memory, and the temporary file for it in the folder "
        + "\(ScratchFile.folder) cannot grow (1048576 bytes are written): File too large: free room there, or set "
        + "TMPDIR to a folder on a larger disk")
  }

  @Test(
    "Distinct numbers are counted, however few are compared at a time",
    arguments: [1, 100, 1 << 22])
  func distinctNumbers(most: Int) {
    let numbers = (0..<5000).map { UInt64($0 * $0 % 1777) << 40 }
    #expect(DistinctCount.count(of: numbers, most: most) == Set(numbers).count)
    #expect(DistinctCount.count(of: [UInt64](), most: most) == 0)
  }

  @Test("The median is that of the numbers in order", arguments: [0, 1, 2, 3, 8, 1001])
  func median(count: Int) {
    var state: UInt64 = 1
    let numbers = (0..<count).map { place in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return place % 5 == 0 ? 3 : (Double(state >> 40) - 8_000_000) / 1000
    }
    let sorted = numbers.sorted()
    let expected =
      count == 0
      ? 0
      : count % 2 == 1
        ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    #expect(Median.median(of: numbers) == expected)
  }
}
