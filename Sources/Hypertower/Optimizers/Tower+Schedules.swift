extension Tower {
  /// Checks that the run's length is known if a schedule follows it.
  ///
  /// - Throws: `InputError`.
  func checkLength(_ plannedSteps: Int?) throws {
    if let plannedSteps {
      require(plannedSteps > 0, "plannedSteps: \(plannedSteps); a run has at least 1")
      return
    }
    for rule in groups.flatMap(\.levels) {
      for own in rule.hyperparameters + rule.constants
      where own.curve?.formula.followsLength == true {
        throw InputError(
          .usage,
          "\(rule.name): \(own.name) = \(own.text) follows the length of the run, which is not known; "
            + "give Trainer its plannedSteps")
      }
    }
  }
}
