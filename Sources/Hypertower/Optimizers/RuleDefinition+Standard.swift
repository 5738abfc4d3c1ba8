extension RuleDefinition {
  /// The optimizers that a tower's text may name without further ado.
  public static let standard: [RuleDefinition] = [
    .sgd, .sgdPerParameter, .adam, .adamAlpha, .adamW, .nadam, .radam, .amsgrad, .adaBelief, .lamb,
    .adagrad, .rmsprop, .rmspropAlpha, .lion, .kesten, .drift, .dog, .prodigy, .dadaptAdam,
    .mechanic, .mechanicSGD, .scheduleFreeAdam, .adafactor, .muon,
  ]
}
