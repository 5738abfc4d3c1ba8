import Testing

@testable import Hypertower

/// Windows of shuffled epochs begin at offsets of their own.
@Suite(.serialized) struct EpochOffsetTests {
  private static let length = 5
  private static let windows = TokenWindows(
    (0..<101).map { Int32($0) }, length: length, start: 2, movesEachEpoch: true)
  private static let data = Dataset(windows, vocabularySize: 101)
  private static let seed: UInt64 = 0x1234_5678_9ABC_DEF0
  private static let batch = 4

  /// For each batch of an epoch the first tokens of its windows.
  private func epoch(
    _ number: Int, on backend: any Backend, shuffled: Bool, seed: UInt64 = seed
  ) throws -> [Int] {
    let (count, batch) = (Self.data.count, Self.batch)
    let counters = try backend.allocate(.int32, count: 3)
    let halves = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)]
    let device = try DeviceDataset(Self.data, on: backend, limit: .max)
    var starts: [Int] = []
    let batches = (count + batch - 1) / batch
    for place in 0..<batches {
      try backend.write(
        .int32([Int32(number * batches + place)] + halves.map { Int32(bitPattern: $0) }),
        to: counters, at: 0)
      let rows = min(batch, count - place * batch)
      var program = try BatchProgram(
        device, batch: rows, stride: batch, counter: (counters, 0),
        permutation: shuffled ? IndexPermutation(count: count) : nil, on: backend)
      let copy = try backend.allocate(.real, count: rows * Self.length)
      let recorder = TapeRecorder()
      let x = Tensor(recorder, recorder.leaf(.input(name: "x"), shape: [rows, Self.length]))
      let span = program.bind(copy)
      try program.append(recorder, leaves: [(x, program.x)], outputs: [(x, span)])
      try backend.run(try backend.prepare(program.program, arrays: program.arrays))
      let tokens = try backend.read(0..<copy.count, of: copy).floats
      let targets = try backend.read(
        0..<copy.count, of: program.arrays[program.targets.buffer]!
      ).floats
      #expect(targets == tokens.map { $0 + 1 })
      for row in 0..<rows {
        let own = tokens[row * Self.length..<(row + 1) * Self.length].map { Int($0) }
        #expect(own == (own[0]..<own[0] + Self.length).map { $0 })
        starts.append(own[0])
      }
    }
    return starts
  }

  @Test func countsWindowsThatFitAtEveryOffset() {
    // (101 − 2 − 5) / 5
    #expect(Self.data.count == 18)
    for (tokens, count) in [(9, 0), (10, 1), (14, 1), (15, 2)] {
      let windows = TokenWindows(
        [Int32](repeating: 0, count: tokens), length: 5, movesEachEpoch: true)
      #expect(windows.count == count)
      // The last token of the last target at the greatest offset.
      if count > 0 { #expect(4 + count * 5 < tokens) }
    }
  }

  @Test(arguments: TestBackend.all)
  func epochsBeginWhereTheSeedSays(_ backend: TestBackend) throws {
    let backend = try backend.make()
    let permutation = IndexPermutation(count: Self.data.count)
    var offsets: [Int] = []
    for number in 0..<6 {
      let starts = try epoch(number, on: backend, shuffled: true)
      let offset = EpochOffset(limit: Self.length)(epoch: number, seed: Self.seed)
      #expect((0..<Self.length).contains(offset))
      #expect(
        starts
          == (0..<18).map {
            2 + offset + Self.length * permutation($0, epoch: number, seed: Self.seed)
          })
      // Every window once, one where another ends.
      #expect(starts.sorted() == (0..<18).map { 2 + offset + Self.length * $0 })
      #expect(try epoch(number, on: backend, shuffled: true) == starts)
      offsets.append(offset)
    }
    #expect(offsets == [0, 1, 1, 2, 3, 1])
    #expect(try epoch(3, on: backend, shuffled: false) == (0..<18).map { 2 + Self.length * $0 })
  }

  @Test func seedsAndEpochsDrawAllOffsets() {
    let offset = EpochOffset(limit: 7)
    #expect(Set((0..<60).map { offset(epoch: $0, seed: 5) }) == Set(0..<7))
    #expect(Set((0..<60).map { offset(epoch: 2, seed: $0) }) == Set(0..<7))
  }
}
