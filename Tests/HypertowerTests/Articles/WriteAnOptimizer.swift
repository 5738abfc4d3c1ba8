import Hypertower
import Testing

/// Nesterov's accelerated gradient.
struct NesterovMomentum: Optimizer {
  static let definition = RuleDefinition("nesterov") { rule in
    let learningRate = rule.learningRate("alpha", default: 0.01)
    let momentum = rule.hyperparameter("momentum", default: 0.9, in: 0...1)
    let velocity = rule.state("b")
    let next = momentum * velocity + rule.gradient
    rule.update(velocity, to: next)
    return rule.parameter - learningRate * (rule.gradient + momentum * next)
  }

  let levels: [UpdateRule]

  init(_ learningRate: Double = 0.01, momentum: Double = 0.9) throws {
    levels = [try Self.definition.rule(["alpha": learningRate, "momentum": momentum])]
  }
}

extension ArticleTests {
  @Test func writeAnOptimizer() throws {
    let (data, model) = (twoRings, DenseNetwork(widths: [2, 16, 2]))

    let trainer = try Trainer(
      model, loss: .negativeLogLikelihood, optimizer: NesterovMomentum() / Adam(),
      on: try Device.preferred(), seed: 1)
    try trainer.train(on: data, batchSize: 50, steps: 200)
    print(try trainer.tower)

    #expect(try trainer.loss(on: data) < 0.5)

    let tower = try Tower(
      parsing: "nesterov(0.1) / adam()",
      rules: RuleDefinition.standard + [NesterovMomentum.definition])

    #expect("\(tower)" == "nesterov(0.1) / adam(0.001)")
    let unusual = try NesterovMomentum(momentum: 2).tower.unusualValues
    #expect(unusual == ["nesterov: momentum = 2 lies outside what makes sense, 0...1"])
    #expect(throws: InputError.self) { try NesterovMomentum.definition.rule(["rate": 1]) }
  }
}
