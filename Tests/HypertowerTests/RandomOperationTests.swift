import Hypertower
import Testing

/// Random operations on random shapes: every OpenCL device against the reference, which `cpu64` is
/// held against, too, with a hundred-millionth of the tolerance.
@Suite struct RandomOperationTests {
  /// So many that building a program takes no more than a second or two.
  private static let casesOfAProgram = 20

  @Test(arguments: [TestBackend.cpu64] + TestBackend.openCL)
  func anyOperationOnAnyShape(_ backend: TestBackend) throws {
    let programs = caseCount(10, stress: 10_000 / Self.casesOfAProgram)
    for program in 1...programs {
      var generator = OperationGenerator(seed: UInt64(program))
      let cases = (0..<Self.casesOfAProgram).map { number in
        let own = generator.next()
        return OperationCase(
          "program \(program), case \(number), \(own.name)", own.tensor, own.promise)
      }
      try expectAgreement(cases, on: backend)
    }
  }
}
