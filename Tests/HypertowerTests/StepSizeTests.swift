import Testing

@testable import Hypertower

@Suite("A rule marks its step size, whatever it calls it")
struct StepSizeTests {
  private func trainer(_ definition: RuleDefinition) throws -> Trainer {
    try Trainer(
      Linear(2, 2, bias: false), loss: .crossEntropy, optimizer: Tower([definition.rule()]),
      on: .cpu64)
  }

  @Test("The step size is scaled, and nothing else")
  func scaling() throws {
    let definition = RuleDefinition("own") { rule in
      let alpha = rule.hyperparameter("alpha", default: 3)
      let eta = rule.learningRate("eta", default: 0.5)
      return rule.parameter - eta * alpha * rule.gradient
    }
    let trainer = try trainer(definition)
    #expect(trainer.hasLearningRate)
    try trainer.scaleLearningRate(by: 0.1)
    let values = try trainer.tower.levels[0].hyperparameters.map { ($0.name, $0.value) }
    #expect(values.map(\.0) == ["alpha", "eta"])
    #expect(values[0].1 == 3 && abs(values[1].1 - 0.05) < 1e-15)
  }

  @Test("A rule without a mark has no step size to scale")
  func unmarked() throws {
    let definition = RuleDefinition("own") { rule in
      rule.parameter - rule.hyperparameter("alpha", default: 0.1) * rule.gradient
    }
    #expect(try !trainer(definition).hasLearningRate)
    for standard in RuleDefinition.standard {
      let rule = try standard.rule()
      if rule.tunes == .all {
        #expect(try trainer(standard).hasLearningRate)
      } else {
        #expect(rule.hyperparameters.map(\.isLearningRate) == [true], "\(rule.name)")
      }
    }
  }
}
