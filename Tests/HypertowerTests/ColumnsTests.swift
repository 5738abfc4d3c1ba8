import FoundationEssentials
import Testing

@testable import Datasets
@testable import Hypertower

/// Further columns of samples reach models, losses and metrics, from a device's memory and sent from the host.
@Suite(.serialized) struct ColumnsTests {
  private static let count = 11
  private static let features = (0..<22).map { Float($0 % 7) / 4 }
  private static let targets = (0..<33).map { Float($0 % 5) / 4 }
  private static let mask = (0..<33).map { UInt8($0 % 3 == 0 ? 0 : 255) }
  private static let teacher = (0..<33).map { Float($0 % 4) / 2 }
  private static let kind = (0..<11).map { Int32($0 % 3) }

  /// A row of three outputs, `[batch, 2] → [batch, 3]`: 1, 2 and 3 times the first feature, plus the kind.
  private struct Model: Module {
    let weight = Tensor.parameter(shape: [3, 2], initializer: .constant(0))
    let factor = Tensor.parameter(shape: [1], initializer: .constant(1))

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      let first = x.sliced(0..<1, axis: 1) * Tensor([1, 2, 3])
      let kind = context.column("kind").reshaped([x.shape[0], 1])
      return (first + kind) * factor + x.matmul(weight, transposeRight: true)
    }
  }

  /// The mean of the squared errors of what the mask says, and a tenth of those to the teacher.
  private static let loss = Loss("masked") { outputs, targets, columns in
    let mask = columns["mask"]
    let (own, other) = (outputs - targets, outputs - columns["teacher"])
    return (own * own * mask).sum() / mask.sum() + (other * other).mean() * 0.25
  }

  private static func data(isMasked: Bool = true) -> Dataset {
    Dataset(
      count: count, featureCount: 2, features: .floats(features),
      targets: .values(targets, width: 3),
      columns: [
        Column("teacher", shape: [3], .floats(teacher)), Column("kind", .integers(kind)),
        Column("unused", shape: [2, 2], .bytes([UInt8](repeating: 3, count: 44))),
      ] + (isMasked ? [Column("mask", shape: [3], .bytes(mask))] : []))
  }

  private static func trainer(_ backend: TestBackend, residentLimit: Int) throws -> Trainer {
    try Trainer(
      Model(), loss: loss, columns: ["kind": []], optimizer: SGD(0),
      on: Device(name: backend.name, backend: backend.make(), residentLimit: residentLimit))
  }

  private static func outputs(_ sample: Int) -> [Double] {
    (1...3).map { Double(features[2 * sample]) * Double($0) + Double(kind[sample]) }
  }

  /// The loss of some samples.
  private static func expected(_ samples: Range<Int>) -> Double {
    var (masked, weight, toTeacher) = (0.0, 0.0, 0.0)
    for sample in samples {
      for (column, output) in outputs(sample).enumerated() {
        let place = 3 * sample + column
        let (own, other) = (output - Double(targets[place]), output - Double(teacher[place]))
        let isCounted = Double(mask[place]) / 255
        masked += own * own * isCounted
        weight += isCounted
        toTeacher += other * other
      }
    }
    return masked / weight + toTeacher / Double(3 * samples.count) * 0.25
  }

  @Test(arguments: TestBackend.all, [0, Int.max])
  func reachModelAndLoss(_ backend: TestBackend, residentLimit: Int) throws {
    let trainer = try Self.trainer(backend, residentLimit: residentLimit)
    var losses: [Double] = []
    try trainer.train(on: Self.data(), batchSize: 4, steps: 7, shuffled: false) {
      losses += $0.map(\.loss)
    }
    let batches = [0..<4, 4..<8, 8..<11]
    assertClose(
      losses, (0..<7).map { Self.expected(batches[$0 % 3]) }, .relative(1e-5), backend.name)
    let share = Metric("share") { _, _, columns in columns["mask"].mean([1]).sum() }
    let evaluation = try trainer.evaluate(on: Self.data(), metrics: [share])
    let all = Double(Self.mask.count { $0 > 0 }) / 33
    assertClose(
      [evaluation.loss, evaluation["share"]!.number], [Self.expected(0..<11), all],
      .relative(1e-5), backend.name)
  }

  @Test(arguments: TestBackend.native)
  func outputsTakeColumns(_ backend: TestBackend) throws {
    let trainer = try Self.trainer(backend, residentLimit: .max)
    let data = Self.data()
    let outputs = try trainer.outputs(
      for: data.features(of: 3..<6), columns: ["kind": data.column("kind", of: 3..<6)])
    #expect(outputs == (3..<6).flatMap(Self.outputs))
    // The same number of samples again, with others.
    let others = try trainer.outputs(
      for: data.features(of: 0..<3), columns: ["kind": data.column("kind", of: 0..<3)])
    #expect(others == (0..<3).flatMap(Self.outputs))
  }

  @Test func goAlongWithTheirSamples() throws {
    let data = Self.data()
    let part = data.subset([2, 0])
    #expect(part.columns.map(\.name) == data.columns.map(\.name))
    #expect(part.column("kind", of: 0..<2) == [2, 0])
    #expect(
      part.column("mask", of: 0..<2)
        == (Self.mask[6..<9] + Self.mask[0..<3]).map { Float($0) / 255 })
    #expect(data.withFeaturesAsTargets().column("kind", of: 4..<5) == [1])
    let parts = try data.parts(Split(validation: 0.3))
    let (rest, heldBack) = (parts.train, try #require(parts.validation))
    #expect((rest.count, heldBack.count) == (8, 3))
    for part in [rest, heldBack] {
      for sample in 0..<part.count {
        let own =
          part.features(of: sample..<sample + 1) + part.column("teacher", of: sample..<sample + 1)
        #expect(
          (0..<Self.count).contains { number in
            own
              == data.features(of: number..<number + 1)
              + data.column("teacher", of: number..<number + 1)
          })
      }
    }
  }

  /// Mistakes about columns, with how the message begins.
  enum Mistake: String, CaseIterable, Codable {
    case loss =
      "column 'mask' is not there: the columns of the data are 'teacher', 'kind', 'unused'"
    case model = "column 'kind' is not there: the columns of Trainer(…, columns:) are none"
    case data = "column 'kind' is not there: the columns of the data are none"
    case outputs = "column 'sort' is not there: the columns of Trainer(…, columns:) are 'kind'"
    case given = "column 'kind' is not there: the columns of outputs(for:columns:) are none"
    case shape = "column 'kind' of the data has shape [], the trainer declares [1]"
    case name = "Dataset: two columns are called 'kind'"
    case size = "Dataset: column 'kind' has 10 values for 11 samples of shape []"
    case number = "outputs: column 'kind' has 2 numbers for 1 samples of []"
    case column = "Column: '' of shape []"
    case rows = "Dataset: mapped rows of 1 for samples of 2 features"
    case columnRows = "Dataset: column 'kind' of shape [2] has mapped rows of 1"

    func make() throws {
      let data = ColumnsTests.data(isMasked: false)
      let loss: Loss = self == .loss ? ColumnsTests.loss : .meanSquaredError
      func dataset(_ columns: [Column]) -> Dataset {
        Dataset(
          count: 11, featureCount: 2, features: data.features, targets: data.targets,
          columns: columns)
      }
      func trainer(_ columns: [String: Shape] = ["kind": []]) throws -> Trainer {
        try Trainer(Model(), loss: loss, columns: columns, optimizer: SGD(), on: .cpu)
      }
      let kind = Column("kind", .integers(ColumnsTests.kind))
      switch self {
      case .loss: try trainer().train(on: data, batchSize: 2)
      case .model: _ = try trainer([:])
      case .data: _ = try trainer().evaluate(on: dataset([]))
      case .outputs: _ = try trainer().outputs(for: [1, 2], columns: ["sort": [1]])
      case .given: _ = try trainer().outputs(for: [1, 2])
      case .shape: try trainer(["kind": [1]]).train(on: data, batchSize: 2)
      case .name: _ = dataset([kind, kind])
      case .size: _ = dataset([Column("kind", .floats([Float](repeating: 0, count: 10)))])
      case .number: _ = try trainer().outputs(for: [1, 2], columns: ["kind": [1, 2]])
      case .column: _ = Column("", .floats([]))
      case .rows, .columnRows:
        try withTemporaryFolder { folder in
          try Data(repeating: 1, count: 22).write(to: URL(filePath: "\(folder)/x"))
          let rows = try MappedRows("\(folder)/x", .uint8)
          _ =
            self == .columnRows
            ? dataset([Column("kind", shape: [2], .mapped(rows))])
            : Dataset(count: 11, featureCount: 2, features: .mapped(rows), targets: data.targets)
        }
      }
    }
  }

  @Test(arguments: Mistake.allCases)
  func mistakeIsNamed(_ mistake: Mistake) async throws {
    let result = try await #require(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [mistake] in
      try mistake.make()
    }
    expectFatalError(mistake.rawValue, in: result)
  }
}
