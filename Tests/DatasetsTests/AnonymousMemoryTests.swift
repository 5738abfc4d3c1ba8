import Glibc
import Hypertower
import Synchronization
import Testing

@testable import Datasets

/// What is on disk takes no memory that the system could not take back.
@Suite("Memory that data on disk take", .serialized)
struct AnonymousMemoryTests {
  /// The number of bytes in memory that lie in no file.
  private static var anonymousSize: Int {
    let status = (try? FileReader.bytes(of: "/proc/self/status")) ?? []
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix("RssAnon:") }
    return Int(line?.split(separator: " ").dropFirst().first?.trimmed ?? "").map { $0 << 10 } ?? 0
  }

  /// Gives what was freed back to the system, or `body` would take it unseen.
  private static func returnFreeMemory() {
    // `malloc.h` is no part of the module.
    let trim = dlsym(nil, "malloc_trim")!
    _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> CInt).self)(0)
  }

  /// What a thread measures while another works.
  private final class Peak: Sendable {
    let isOver = Atomic(false)
    let size = Atomic(0)
  }

  /// By how much anonymous memory grows at most while `body` runs, and what `body` returns.
  private func growth<Result>(_ body: () throws -> Result) throws -> (bytes: Int, result: Result) {
    Self.returnFreeMemory()
    let (peak, before) = (Peak(), Self.anonymousSize)
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { argument in
        let peak = Unmanaged<Peak>.fromOpaque(argument!).takeRetainedValue()
        while !peak.isOver.load(ordering: .relaxed) {
          peak.size.max(AnonymousMemoryTests.anonymousSize, ordering: .relaxed)
          usleep(1000)
        }
        return nil
      }, Unmanaged.passRetained(peak).toOpaque())
    try #require(error == 0 && before > 0)
    defer {
      peak.isOver.store(true, ordering: .relaxed)
      pthread_join(thread, nil)
    }
    let result = try body()
    return (max(peak.size.load(ordering: .relaxed), Self.anonymousSize) - before, result)
  }

  /// Reads data with almost nothing in memory, and then in memory.
  ///
  /// - Parameter size: the number of bytes of the features.
  private func compare(size: Int, _ read: (MemoryBudget) throws -> SplitDataset) throws {
    let streamed = try growth { try read(MemoryBudget(limit: 1 << 16)) }
    #expect(streamed.bytes < size / 4, "\(streamed.bytes) bytes for \(size)")
    let whole = try growth { try read(MemoryBudget(limit: 1 << 40)) }
    #expect(whole.bytes >= size * 3 / 4, "\(whole.bytes) bytes for \(size)")
    #expect(
      streamed.result.train.features(of: 0..<1) == whole.result.train.features(of: 0..<1))
  }

  /// Bytes that no compression makes much smaller.
  private func noise(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      var state: UInt64 = 1
      for place in stride(from: 0, to: count, by: 8) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        UnsafeMutableRawPointer(bytes.baseAddress! + place).storeBytes(
          of: state ^ state >> 29, as: UInt64.self)
      }
      initialized = count
    }
  }

  @Test("Texts of characters")
  func texts() throws {
    let count = 1 << 22
    try withTemporaryFolder { folder in
      try AtomicFile.write(noise(count).map { 32 + $0 % 64 }, to: folder + "/text")
      let streamed = try growth {
        let text = try CharacterText(
          contentsOf: folder + "/text", in: MemoryBudget(limit: 1 << 16))
        return try text.datasets(length: 100).train.count
      }
      #expect(streamed.bytes < count, "\(streamed.bytes) bytes for \(4 * count)")
      let whole = try growth { try CharacterText(contentsOf: folder + "/text") }
      #expect(whole.bytes >= 3 * count, "\(whole.bytes) bytes for \(4 * count)")
    }
  }

  @Test("Arrays that are converted")
  func converted() throws {
    let count = 1 << 23
    try withTemporaryFolder { folder in
      let (x, y) = (folder + "/x.npy", folder + "/y.npy")
      try AtomicFile.write(npyFile(header: npyHeader("|i1", [8, count / 8]), noise(count)), to: x)
      try AtomicFile.write(npyFile(integers: [0, 1, 0, 1, 0, 1, 0, 1], [8]), to: y)
      try compare(size: 4 * count) { try .arrays(x, target: y, in: $0) }
    }
  }

  @Test("Compressed IDX files")
  func compressed() throws {
    let count = 1 << 25
    try withTemporaryFolder { folder in
      let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0x10, 0, 0, 0, 4, 0]
      try AtomicFile.write(header + noise(count), to: folder + "/train-images-idx3-ubyte")
      try AtomicFile.write(
        idxFile([8], [0, 1, 0, 1, 0, 1, 0, 1]), to: folder + "/train-labels-idx1-ubyte")
      _ = try outputOfShell("gzip -1 \(folder)/train-images-idx3-ubyte")
      try compare(size: count) { SplitDataset(try LabelledImages.directory(folder, in: $0)) }
    }
  }

  @Test("Folders of images")
  func images() throws {
    let (side, count) = (1 << 9, 64)
    try withTemporaryFolder { folder in
      for name in ["a", "b"] {
        mkdir("\(folder)/\(name)", 0o700)
        for number in 0..<count {
          try AtomicFile.write(
            Array("P5 \(side) \(side) 255\n".utf8) + noise(side * side),
            to: "\(folder)/\(name)/\(number).pgm")
        }
      }
      // Single images do lie in memory.
      try compare(size: 2 * count * side * side) { try SplitDataset.imageFolders(folder, in: $0)! }
    }
  }

  @Test("Tables")
  func tables() throws {
    let (rows, columns) = (160_000, 20)
    try withTemporaryFolder { folder in
      let names = (0..<columns).map { "c\($0)" }.joined(separator: ",")
      let row = (0..<columns - 1).map { "\($0 * $0)" }.joined(separator: ",")
      var text = names + "\n"
      for number in 0..<rows { text += "\(row),\(number % 2)\n" }
      try AtomicFile.write(Array(text.utf8), to: folder + "/t.csv")
      text = ""
      // Columns in 8 bytes, then features in 4 bytes for each number.
      try compare(size: 12 * rows * (columns - 1)) {
        try .table(folder + "/t.csv", TableOptions(target: "c\(columns - 1)"), in: $0)
      }
    }
  }
}
