import Testing

@testable import Hypertower

/// Transforms around levels: how they are written. `RivalsTests` has what they do.
@Suite struct TransformTests {
  @Test(
    arguments: [
      "clip_norm(1) | adam(0.001)", "l2(0.1) | sgd(0.1, momentum=0.9) / sgd(0.01)",
      "accumulate(4) | clip_global_norm(0.5) | adamw(0.01, beta1=0.8) | lookahead(6, slow_rate=0.3)",
      "adam(0.001) / clip_value(0.1) | sgd(0.1) | weight_decay(0.2) / sgd(0.1)",
      "clip_norm(linear(1, end=0.5)) | sgd(0.1)",
      "weights: clip_norm(1) | adam(0.001) / kesten(1); else: sgd(0.1) | lookahead()",
      "clip_norm(2) | sgd(0.1, b1_alpha=0.2, w1_alpha=0.3)",
      "accumulate(4) | adafactor(0.01, relative_step=true)",
      "weights: clip_value(0.5) | muon(0.02, nesterov=false) | lookahead(); else: sgd(0.1)",
    ])
  func areReadAndPrinted(text: String) throws {
    let tower = try Tower(parsing: text)
    #expect(tower.description == text)
    #expect(try Tower(parsing: tower.description).description == text)
    #expect(try tower.resolvedLevels().count == tower.levels.count)
  }

  @Test func defaults() throws {
    let tower = try Tower(
      parsing: "accumulate|l2()|clip_value|clip_norm | sgd|weight_decay | lookahead")
    #expect(
      tower.description
        == "accumulate() | l2(0.01) | clip_value(1) | clip_norm(1) | sgd(0.01) | weight_decay(0.01) | lookahead()"
    )
  }

  @Test func inSwift() throws {
    let pairs: [(any Optimizer, String)] = [
      (Adam().clippingNorm(1), "clip_norm(1) | adam(0.001)"),
      (SGD(0.1).clippingGlobalNorm(2).addingL2(0.1), "l2(0.1) | clip_global_norm(2) | sgd(0.1)"),
      (
        Adam(.linear(0.1)).clippingValue(0.5).decayingWeights(0.1).lookingAhead(3, slowRate: 0.25),
        "clip_value(0.5) | adam(linear(0.1)) | weight_decay(0.1) | lookahead(3, slow_rate=0.25)"
      ),
      (SGD(0.1).accumulating(4) / SGD(0.2), "accumulate(4) | sgd(0.1) / sgd(0.2)"),
    ]
    for (optimizer, text) in pairs {
      #expect(optimizer.tower.description == text)
      #expect(try Tower(parsing: text).description == text)
    }
  }

  /// What is tuned by the level above: all numbers that act by a derivative, or step sizes alone.
  @Test func hyperparameters() throws {
    let text = "clip_global_norm(1) | adam() | lookahead(5) / "
    let all = try Tower(parsing: text + "sgd(0.1)").resolvedLevels()[0]
    #expect(
      all.hyperparameters.map(\.name)
        == ["clip_global_norm", "alpha", "beta1", "beta2", "eps", "slow_rate"])
    let stepSizes = try Tower(parsing: text + "kesten()").resolvedLevels()[0]
    #expect(stepSizes.hyperparameters.map(\.name) == ["alpha"])
  }

  @Test(
    arguments: [
      ("clip_norm(1)", 1, "changes gradients for a rule after it, as in clip_norm() | adam()"),
      ("adam() | clip_norm(1)", 10, "stands before the rule, as in clip_norm() | adam()"),
      ("weight_decay(0.1) | adam()", 1, "stands after the rule, as in adam() | weight_decay()"),
      ("clip_norm(1) | adam() | sgd()", 25, "'sgd' is another after 'adam'; '/' stacks levels"),
      ("clip_nrm(1) | adam()", 1, "unknown optimizer 'clip_nrm'; did you mean 'clip_norm'?"),
      (
        "clip_norm(alpha=1) | adam()", 11, "clip_norm: unknown argument 'alpha'; it takes clip_norm"
      ),
      ("clip_norm(1) | adam(clip_norm=1)", 21, "adam: unknown argument 'clip_norm'"),
      ("accumulate(1.5) | adam()", 12, "accumulate must be a whole number of at least 1"),
      ("adam() | lookahead(0)", 20, "lookahead must be a whole number of at least 1"),
      ("l2(0.1) | l2(0.2) | adam()", 11, "'l2' is given twice"),
      (
        "adamw() | weight_decay(0.2)", 1,
        "adamw: has a weight_decay of its own, as in adamw(weight_decay=0.01)"
      ),
      ("lion() | weight_decay(0.2)", 1, "lion: has a weight_decay of its own"),
      (
        "prodigy() | lookahead()", 1,
        "prodigy: estimates its step size from where its steps have led, so lookahead cannot change"
      ),
      ("dog() | weight_decay(0.1)", 1, "dog: estimates its step size"),
      ("mechanic_sgd() | lookahead()", 1, "mechanic_sgd: estimates its step size"),
      ("dadapt_adam() | weight_decay(0.1)", 1, "dadapt_adam: estimates its step size"),
      ("clip_norm(1) | dog()", 1, "dog: sums gradients itself"),
      ("clip_norm(1) | clip_global_norm(1) | sgd()", 1, "are clipped by two norms"),
      (
        "clip_global_norm(1) | sgd_per_parameter(0.1)", 1, "take clip_norm, which clips each tensor"
      ),
      (
        "adam() / clip_value(1) | kesten()", 10, "kesten: tunes step sizes by gradients as they are"
      ),
      ("schedule_free_adam() | lookahead()", 1, "so lookahead cannot go around it"),
      ("clip_norm(1) |", 15, "expected the name of an optimizer, found the end"),
    ])
  func faults(text: String, column: Int, message: String) {
    let error = #expect(throws: InputError.self) { try Tower(parsing: text) }
    #expect(
      error?.message.hasPrefix("tower, column \(column): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
