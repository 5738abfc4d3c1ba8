import Testing

/// The programs of the folder Examples, as a user runs them.
@Suite("Examples", .serialized)
struct ExampleTests {
  /// A program, a few steps for it, and the share of the loss that is left after them at most.
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let steps: Int
    let greatestShare: Double

    var testDescription: String { name }
  }

  private static let all = [
    Example(name: "LeNet", steps: 20, greatestShare: 0.8),
    Example(name: "TextClassifier", steps: 100, greatestShare: 0.5),
    Example(name: "TextGenerator", steps: 20, greatestShare: 0.8),
    Example(name: "TrainingLoop", steps: 40, greatestShare: 0.8),
    Example(name: "UNet", steps: 20, greatestShare: 0.8),
    Example(name: "VAE", steps: 20, greatestShare: 0.7),
  ]

  /// The loss that a line such as `test loss before: 2.3` states.
  private func loss(_ when: String, _ run: CommandRun) throws -> Double {
    let line = try #require(
      run.outputLines.first { $0.contains(" loss \(when):") }, "\(run.output)\(run.errors)")
    return try #require(line.split(separator: " ").last.flatMap { Double($0) }, "\(line)")
  }

  @Test("A few steps lower the loss of samples that training does not see", arguments: all)
  func learns(_ example: Example) throws {
    let run = try CommandRun(["\(example.steps)"], program: example.name)
    #expect(run.status == 0, "\(run.errors)")
    let (before, after) = (try loss("before", run), try loss("after", run))
    #expect(after > 0)
    #expect(after <= example.greatestShare * before, "\(before) → \(after)")
  }

  @Test("Without a step nothing is learned")
  func noSteps() throws {
    let run = try CommandRun(["0"], program: "TextClassifier")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try loss("before", run) == loss("after", run))
  }

  @Test("What is no number of steps is refused with the program's usage", arguments: all)
  func usage(_ example: Example) throws {
    let run = try CommandRun(["many"], program: example.name)
    #expect(run.status != 0)
    #expect(run.errors.contains("usage: \(example.name) [STEPS"), "\(run.errors)")
  }

  @Test("A text that is not there is named")
  func missingText() throws {
    let run = try CommandRun(["1", "/nowhere/text"], program: "TextGenerator")
    #expect(run.status != 0)
    #expect(run.errors.contains("/nowhere/text: "), "\(run.errors)")
  }
}
