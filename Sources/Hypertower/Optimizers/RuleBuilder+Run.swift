/// What a rule keeps for a level above whose horizon is the run.
extension RuleBuilder {
  /// The name of the number of steps that a run has had.
  static let runSteps = "run_steps"

  /// Adds to the rule, for each step size α, the state E of `runGradient`, and sums over all it moves:
  /// Σ g², then for each α Σ g·E and Σ E².
  ///
  /// - Parameter jacobian: the nodes of the derivatives of the new parameter by the raw hyperparameters, all of
  ///   which are step sizes.
  /// - Returns: the number of the first of these sums.
  func appendRun(of jacobian: [Int]) -> Int {
    let steps = sharedState(Self.runSteps)
    let nextSteps = steps + 1
    update(steps, to: nextSteps)
    let gradients = sum(of: gradient * gradient)
    guard case .sum(let first) = input(gradients) else { fatalError("appendRun: no sum") }
    for (h, node) in jacobian.enumerated() {
      let derivative = state("run_\(hyperparameters[h].rawName)")
      _ = sum(of: gradient * derivative)
      _ = sum(of: derivative * derivative)
      let last =
        expression(node) / slope(of: hyperparameters[h].domain, at: input(.hyperparameter(h)))
      update(
        derivative,
        to: .select(steps.isEqual(to: 0), last, derivative * (steps / nextSteps) + last))
    }
    return first
  }
}

extension UpdateRule {
  /// The places among the rule's sums of what the run's gradient of hyperparameter `h` is made of.
  func runSums(_ h: Int) -> (gradientSquares: Int, products: Int, squares: Int) {
    guard let firstRunSum else { fatalError("\(name): keeps no derivatives of the run") }
    return (firstRunSum, firstRunSum + 1 + 2 * h, firstRunSum + 2 + 2 * h)
  }
}
