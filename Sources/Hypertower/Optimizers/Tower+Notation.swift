extension Tower {
  /// The tower that a text describes, bottom level first:
  /// `adam() / sgd_per_parameter(0.001) / sgd(0.01, momentum=0.9)`.
  ///
  /// Every level is an optimizer's name with arguments in parentheses: at most one number without
  /// a name, which is the optimizer's first hyperparameter (its step size), then `name=value`.
  /// What is not given takes its default, and a name may stand without parentheses.
  ///
  /// Groups of parameters have towers of their own, as in
  /// `weights: adam() / kesten(); layers.0.*: frozen; else: sgd(0.01)`; see `ParameterGroup`.
  ///
  /// - Parameters:
  ///   - text: what to read.
  ///   - rules: the optimizers that the text may name; of two with one name the later counts;
  ///     default: those of the library.
  /// - Throws: `InputError` of the kind `usage`, with the text and a mark under the fault.
  public init(parsing text: String, rules: [RuleDefinition] = RuleDefinition.standard) throws {
    var parser = try TowerParser(text, rules: rules)
    self.init(groups: try parser.parse())
  }
}
