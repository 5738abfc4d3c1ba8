/// Writes the functions that apply the rules of the levels above the bottom one.
enum LevelRuleCode {
  /// What every such function is given.
  private static let parameters = [
    "p", "g", "bound", "run", "t", "planned_steps", "h",
  ]
  private static let declarations =
    "vec p, vec g, vec bound, const vec *run, real t, real planned_steps, const vec *h"

  /// The formula of a rule with its derivatives, and what it sums, on one `vec` of parameters.
  ///
  /// - Parameter number: what their names end in.
  static func functions(_ number: String, _ rule: UpdateRule) -> String {
    let body: String
    switch rule.granularity {
    case .perTensor: body = wholeRule(rule)
    case .shared: body = splitRule(SplitRule(rule))
    }
    return sumsFunction(number, rule) + """
      static void rule_\(number)(\(declarations), const vec *sums,
                                 vec *shared, vec *s, vec *new_p, vec *jacobian) {
      \(body)}

      """
  }

  /// The switches over the rules in use: `ADJUST`, and `ADD_TERMS` over those that have sums.
  ///
  /// - Parameter prefix: what the names of the functions have before the number of a rule.
  static func switches(_ rules: [UpdateRule], _ used: [Int], prefix: String) -> String {
    func define(_ name: String, _ function: String, _ used: [Int], _ rest: [String]) -> String {
      let arguments = (parameters + rest).joined(separator: ", ")
      let cases = used.map { "case \($0): \(function)_\(prefix)\($0)(\(arguments)); break;" }
      return "#define \(name)(rule, \(arguments)) switch (rule) { "
        + cases.joined(separator: " ") + " }\n"
    }
    return define("ADJUST", "rule", used, ["sums", "shared", "s", "new_p", "jacobian"])
      + define(
        "ADD_TERMS", "add_terms", used.filter { !rules[$0].sums.isEmpty },
        ["shared", "s", "count", "sums"])
  }

  /// What ends the reach of the switches.
  static let end = "#undef ADJUST\n#undef ADD_TERMS\n"

  /// The function that adds what a rule sums, at the first `count` elements of a `vec`.
  private static func sumsFunction(_ number: String, _ rule: UpdateRule) -> String {
    if rule.sums.isEmpty { return "" }
    var body = statements(rule, outputs: rule.sums)
    for (sum, node) in rule.sums.enumerated() {
      body += "  sums[\(sum)] += keep_first(n\(node), count, 0.0f);\n"
    }
    return """
      static void add_terms_\(number)(\(declarations), const vec *shared,
                                      const vec *s, int count, vec *sums) {
      \(body)}

      """
  }

  /// The formula where each number has its own hyperparameters.
  private static func wholeRule(_ rule: UpdateRule) -> String {
    let sharedNext = rule.sharedStates.map(\.next)
    var body = statements(
      rule,
      outputs: [rule.newParameter] + rule.states.map(\.next) + sharedNext + rule.jacobian)
    body += "  *new_p = n\(rule.newParameter);\n"
    for (state, own) in rule.states.enumerated() { body += "  s[\(state)] = n\(own.next);\n" }
    for (state, node) in sharedNext.enumerated() { body += "  shared[\(state)] = n\(node);\n" }
    for (h, node) in rule.jacobian.enumerated() { body += "  jacobian[\(h)] = n\(node);\n" }
    return body
  }

  private static func statements(_ rule: UpdateRule, outputs: [Int]) -> String {
    ScalarCode.statements(
      rule.graph, outputs: outputs, type: "vec", prefix: "n", indent: "  ",
      tanh: "tanh_precise_vec"
    ) { input in
      let text = ruleInput(rule.inputs[input])
      return isScalar(rule.inputs[input]) ? "(vec)(\(text))" : text
    }
  }

  /// The formula where hyperparameters are shared: what depends on them alone is computed once.
  private static func splitRule(_ split: SplitRule) -> String {
    var body = ScalarCode.statements(
      split.uniformGraph, outputs: split.uniformNodes + split.nextSharedStates, type: "real",
      prefix: "u", indent: "  ", tanh: "tanh_precise_real"
    ) { input in
      let text = ruleInput(split.inputs[input])
      return isScalar(split.inputs[input]) ? text : "FIRST_LANE(\(text))"
    }
    let outputs =
      [split.newParameter] + split.nextStates + split.jacobian + split.jacobianFactors
    body += ScalarCode.statements(
      split.graph, outputs: outputs, type: "vec", prefix: "n", indent: "  "
    ) { input in
      if case .uniform(let number) = split.inputs[input] {
        "(vec)(u\(split.uniformNodes[number]))"
      } else {
        ruleInput(split.inputs[input])
      }
    }
    body += "  *new_p = n\(split.newParameter);\n"
    for (state, node) in split.nextStates.enumerated() { body += "  s[\(state)] = n\(node);\n" }
    for (state, node) in split.nextSharedStates.enumerated() {
      body += "  shared[\(state)] = (vec)(u\(node));\n"
    }
    for (h, node) in split.jacobian.enumerated() {
      body += "  jacobian[\(h)] = n\(split.jacobianFactors[h]) * n\(node);\n"
    }
    return body
  }

  /// Whether a function of a rule is given one number for all lanes.
  private static func isScalar(_ input: UpdateRule.Input) -> Bool {
    input == .step || input == .plannedSteps
  }

  private static func ruleInput(_ input: UpdateRule.Input) -> String {
    switch input {
    case .parameter: "p"
    case .gradient: "g"
    case .gradientBound: "bound"
    case .runGradient: "run[0]"
    case .runGradientBound: "run[1]"
    case .step: "t"
    case .plannedSteps: "planned_steps"
    case .hyperparameter(let h): "h[\(h)]"
    case .state(let state): "s[\(state)]"
    case .sharedState(let number): "shared[\(number)]"
    case .sum(let sum): "sums[\(sum)]"
    case .axisState, .field, .uniform, .average:
      fatalError("LevelRuleCode: \(input) is the bottom rule's")
    }
  }
}
