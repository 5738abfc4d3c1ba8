import Glibc
import Testing

@testable import Hypertower

/// Numbers in files give what the same numbers in memory give, and what is wrong with a file is said.
@Suite(.serialized) struct MappedRowsTests {
  /// Writes numbers, least significant byte first, after some bytes.
  private static func write<Number>(
    _ numbers: [Number], to path: String, after offset: Int = 0
  ) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite([UInt8](repeating: 7, count: offset), 1, offset, file) == offset)
    let written = numbers.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    #expect(written == numbers.count * MemoryLayout<Number>.stride)
  }

  private static let count = 37
  private static let bytes = (0..<count * 12).map {
    UInt8(truncatingIfNeeded: $0 * 89 ^ ($0 / 12) * 31)
  }
  private static let floats = bytes.map { Float($0) / 77 - 1 }
  private static let labels = (0..<count).map { Int32($0 * $0 % 3) }

  /// The losses and weights of a run that ends in mid-epoch, and the loss of all samples.
  private static func run(
    _ data: Dataset, widths: [Int], loss: Loss, _ backend: TestBackend, residentLimit: Int
  ) throws -> [[UInt64]] {
    let trainer = try Trainer(
      DenseNetwork(widths: widths, endsInLogSoftmax: false), loss: loss,
      optimizer: Adam(0.01) / SGD(1e-3),
      on: Device(name: backend.name, backend: backend.make(), residentLimit: residentLimit))
    var losses: [Double] = []
    try trainer.train(on: data, batchSize: 5, steps: 21) { losses += $0.map(\.loss) }
    losses.append(try trainer.loss(on: data))
    return [losses.map(\.bitPattern)] + (try bits(trainer))
  }

  private static func expectEqual(
    _ mapped: Dataset, _ memory: Dataset, widths: [Int], _ loss: Loss, _ backend: TestBackend
  ) throws {
    #expect(mapped.features(of: 3..<9) == memory.features(of: 3..<9))
    #expect(mapped.isSparse == memory.isSparse)
    let expected = try run(memory, widths: widths, loss: loss, backend, residentLimit: .max)
    for limit in [0, Int.max] {
      #expect(
        try run(mapped, widths: widths, loss: loss, backend, residentLimit: limit) == expected,
        "\(backend.name), limit \(limit)")
    }
    // Rows of a file are chosen, not copied.
    let order = [5, 36, 5, 0, 11, 7]
    let (own, other) = (mapped.subset(order), memory.subset(order))
    #expect(own.features(of: 0..<6) == other.features(of: 0..<6))
    #expect(own.subset([1, 3]).features(of: 0..<2) == other.subset([1, 3]).features(of: 0..<2))
    #expect(
      try run(own, widths: widths, loss: loss, backend, residentLimit: 0)
        == run(other, widths: widths, loss: loss, backend, residentLimit: .max))
    #expect(
      try run(own, widths: widths, loss: loss, backend, residentLimit: .max)
        == run(other, widths: widths, loss: loss, backend, residentLimit: .max))
  }

  @Test(arguments: TestBackend.native)
  func bytesAndLabelsEqualThoseInMemory(_ backend: TestBackend) throws {
    try withTemporaryFolder { folder in
      try Self.write(Self.bytes, to: "\(folder)/x", after: 3)
      try Self.write(Self.labels, to: "\(folder)/y")
      try Self.write(Self.labels.map { UInt8($0) }, to: "\(folder)/small")
      let memory = Dataset(
        count: Self.count, featureCount: 12, features: .bytes(Self.bytes),
        targets: .classes(Self.labels, classCount: 3))
      for (name, type) in [("y", MappedRows.ElementType.int32), ("small", .uint8)] {
        let mapped = Dataset(
          count: Self.count, featureCount: 12,
          features: .mapped(try MappedRows("\(folder)/x", .uint8, width: 12, offset: 3)),
          targets: .mappedClasses(try MappedRows("\(folder)/\(name)", type), classCount: 3))
        try Self.expectEqual(mapped, memory, widths: [12, 7, 3], .crossEntropy, backend)
      }
    }
  }

  @Test(arguments: TestBackend.native)
  func floatsAndValuesEqualThoseInMemory(_ backend: TestBackend) throws {
    try withTemporaryFolder { folder in
      try Self.write(Self.floats, to: "\(folder)/x", after: 6)
      let memory = Dataset(
        count: Self.count, featureCount: 12, features: .floats(Self.floats),
        targets: .values(Array(Self.floats[..<(2 * Self.count)]), width: 2),
        columns: [Column("c", shape: [3], .floats(Array(Self.floats[..<(3 * Self.count)])))])
      let file = "\(folder)/x"
      let mapped = Dataset(
        count: Self.count, featureCount: 12,
        features: .mapped(try MappedRows(file, .float32, width: 12, offset: 6)),
        targets: .mappedValues(
          try MappedRows(file, .float32, width: 2, offset: 6, count: Self.count)),
        columns: [
          Column(
            "c", shape: [3],
            .mapped(try MappedRows(file, .float32, width: 3, offset: 6, count: Self.count)))
        ])
      let loss = Loss("own") { outputs, targets, columns in
        outputs.meanSquaredError(targets) + (outputs.sum([1]) * columns["c"].sum([1])).mean()
      }
      #expect(mapped.column("c", of: 4..<7) == memory.column("c", of: 4..<7))
      try Self.expectEqual(mapped, memory, widths: [12, 7, 2], loss, backend)
    }
  }

  /// An embedding and a dense layer, `[batch, time] → [batch, time, 50000]` of the first tokens alone.
  private struct Tokens: Module {
    let embedding = Embedding(300, 6)
    let output = Linear(6, 300)

    func callAsFunction(_ x: Tensor) -> Tensor { output(embedding(x)) }
  }

  @Test(arguments: TestBackend.native)
  func tokensEqualThoseInMemory(_ backend: TestBackend) throws {
    let tokens = (0..<203).map { Int32($0 * $0 % 300) }
    try withTemporaryFolder { folder in
      try Self.write(tokens.map { UInt16($0) }, to: "\(folder)/16")
      try Self.write(tokens, to: "\(folder)/32", after: 5)
      func losses(_ windows: TokenWindows, residentLimit: Int) throws -> [Double] {
        let data = Dataset(windows, vocabularySize: 300)
        let trainer = try Trainer(
          Tokens(), loss: .crossEntropy, sampleShape: [4], optimizer: Adam(0.01) / SGD(1e-3),
          on: Device(name: "", backend: backend.make(), residentLimit: residentLimit))
        var losses: [Double] = []
        try trainer.train(on: data, batchSize: 7, steps: 19) { losses += $0.map(\.loss) }
        return losses + [try trainer.loss(on: data)]
      }
      let expected = try losses(
        TokenWindows(tokens, length: 4, start: 1, movesEachEpoch: true), residentLimit: .max)
      for rows in [
        try MappedRows("\(folder)/16", .uint16),
        try MappedRows("\(folder)/32", .int32, offset: 5),
      ] {
        let windows = TokenWindows(rows, length: 4, start: 1, movesEachEpoch: true)
        #expect(windows.tokens == tokens)
        for limit in [0, Int.max] {
          #expect(try losses(windows, residentLimit: limit) == expected)
        }
      }
    }
  }

  // MARK: Errors

  private func message(_ body: () throws -> Void) -> (kind: InputError.Kind?, text: String) {
    do {
      try body()
      return (nil, "")
    } catch {
      return ((error as? InputError)?.kind, "\(error)")
    }
  }

  @Test func filesThatDoNotFitAreNamed() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try Self.write([UInt8](repeating: 0, count: 25), to: path)
      let rows = message { _ = try MappedRows(path, .uint8, width: 12) }
      #expect(rows.kind == .badData)
      #expect(rows.text.hasPrefix("\(path): 25 bytes are no whole rows of 12 from byte 0 on"))
      let few = message { _ = try MappedRows(path, .float32, width: 2, offset: 1, count: 4) }
      #expect(few.kind == .badData)
      #expect(few.text.hasPrefix("\(path): 25 bytes are too few for 4 rows of 8 from byte 1 on"))
      #expect(message { _ = try MappedRows(path, .uint8, offset: 26) }.kind == .badData)
      #expect(try MappedRows(path, .uint8, offset: 25).count == 0)
      let missing = message { _ = try MappedRows("\(folder)/none", .uint8) }
      #expect(missing.kind == .missingInput && missing.text == "\(folder)/none: no such file")
      #expect(
        message { _ = try MappedRows(folder, .uint8) }.text
          == "\(folder): is a folder, expected a file")
      #expect(
        message { _ = try MappedRows("/dev/null", .uint8) }.text.contains("is no regular file"))
    }
  }

  /// Where the fault is found: when the data are copied to the device, or when a batch is prepared.
  @Test(arguments: [0, Int.max])
  func whatChangesOrCannotBeIsNoticed(residentLimit: Int) throws {
    try withTemporaryFolder { folder in
      let (x, y) = ("\(folder)/x", "\(folder)/y")
      var labels = Self.labels
      try Self.write(Self.bytes, to: x)
      func train(steps: Int) throws {
        let data = Dataset(
          count: Self.count, featureCount: 12,
          features: .mapped(try MappedRows(x, .uint8, width: 12)),
          targets: .mappedClasses(try MappedRows(y, .int32), classCount: 3))
        let trainer = try Trainer(
          DenseNetwork(widths: [12, 7, 3]), loss: .negativeLogLikelihood, optimizer: SGD(),
          on: Device(
            name: "cpu", backend: CPUBackend<Float>(), residentLimit: residentLimit))
        try trainer.train(on: data, batchSize: 5, steps: 1)
        #expect(truncate(x, 100) == 0)
        defer { #expect(truncate(x, Self.bytes.count) == 0) }
        try trainer.train(on: data, batchSize: 5, steps: steps)
        _ = try trainer.loss(on: data)
      }
      try Self.write(labels, to: y)
      let short = message { try train(steps: 30) }
      #expect(short.kind == .badData)
      #expect(
        short.text.hasPrefix(
          "\(x): has 100 bytes, and had 444 when it was opened: it was cut short"))
      labels[11] = 3
      try Self.write(labels, to: y)
      let label = message { try train(steps: 8) }
      #expect(label.kind == .badData)
      #expect(
        label.text.hasPrefix("\(y): number 0 of row 11 is 3, expected a class or token below"))
    }
  }

  /// A file that becomes shorter ends the run; the steps before that are told.
  @Test func stepsBeforeAFaultAreTold() throws {
    try withTemporaryFolder { folder in
      let x = "\(folder)/x"
      try Self.write(Self.bytes, to: x)
      let data = Dataset(
        count: Self.count, featureCount: 12,
        features: .mapped(try MappedRows(x, .uint8, width: 12)),
        targets: .classes(Self.labels, classCount: 3))
      let trainer = try Trainer(
        DenseNetwork(widths: [12, 7, 3]), loss: .negativeLogLikelihood, optimizer: SGD(),
        on: Device(name: "cpu", backend: CPUBackend<Float>(), residentLimit: 0))
      try trainer.train(on: data, batchSize: 5, steps: 1)
      #expect(truncate(x, 100) == 0)
      var told: [Int] = []
      let fault = message {
        try trainer.train(on: data, batchSize: 5, steps: 30) { told += $0.map(\.step) }
      }
      #expect(fault.kind == .badData)
      // Those whose batches had been prepared.
      #expect(!told.isEmpty && told == Array(1..<trainer.stepCount))
    }
  }
}
