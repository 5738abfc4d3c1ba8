import ArgumentParser
import Datasets
import Hypertower

struct UntunedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "untuned",
    abstract: "What needs no tuning beside Adam with the best of 13 step sizes, on 16 problems.",
    discussion: """
      For example: hypertower experiment untuned --text book.txt
      or, with towers of your own: hypertower experiment untuned --problems mnist-128,cnn --optimizer "adam() / kesten()" \
      --optimizer "adam(0.001)"
      What is done stays in untuned.runs.jsonl, so that later towers and problems do not repeat it; --restart drops it.
      """)

  @Option(
    name: .customLong("problems"),
    help: ArgumentHelp(
      "The problems, a list; default: all. They are\n"
        + UntunedProblem.all.map { "\($0.name): \($0.title)" }.joined(separator: ";\n") + ".",
      valueName: "names"))
  var problemNames: String?

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp(
      "A tower in place of the one that `train` has by default; may be given several times.",
      valueName: "tower"))
  var notations: [String] = []

  @Option(
    name: .customLong("text"),
    help: ArgumentHelp(
      "A UTF-8 text for lstm and gpt, which are left out without it; its last tenth is measured on.",
      valueName: "file"), completion: .file())
  var textPath: String?

  @OptionGroup var additions: AdditionOptions
  @OptionGroup var options: ExperimentOptions

  func run() throws {
    let problems = try problems()
    let contenders = try contenders()
    let text = try textPath.map { try CharacterText(contentsOf: $0) }
    try options.run { device in
      Untuned(
        problems, contenders, data: UntunedData(givenText: text), isQuick: options.quick,
        on: device)
    }
  }

  /// Those that were named; else all, without a text those that need none.
  private func problems() throws -> [UntunedProblem] {
    let all = UntunedProblem.all
    guard let problemNames else {
      guard textPath == nil else { return all }
      let left = all.filter(\.model.isOfText).map(\.name).joined(separator: " and ")
      Console.warn("\(left) are left out: they need a text; give one by --text FILE")
      return all.filter { !$0.model.isOfText }
    }
    let names = problemNames.split(separator: ",").map { String($0.trimmed) }
    guard !names.isEmpty else { throw Failure(.usage, "--problems is empty: name some") }
    if let twice = names.repeated { throw Failure(.usage, "--problems names \(twice) twice") }
    return try names.map { name in
      guard let problem = all.first(where: { $0.name == name }) else {
        let hint =
          nearMiss(of: name, among: all.map(\.name)).map { "did you mean '\($0)'? There" }
          ?? "there"
        throw Failure(
          .usage,
          "--problems: unknown problem '\(name)'; \(hint) are "
            + all.map(\.name).joined(separator: ", "))
      }
      guard textPath != nil || !problem.model.isOfText else {
        throw Failure(.usage, "the problem \(name) needs a text: give one by --text FILE")
      }
      return problem
    }
  }

  private func contenders() throws -> [Untuned.Contender] {
    guard !notations.isEmpty else {
      let optimization = additions.optimization(
        try TowerOptions.tower(ModelKind.defaultTower), isStandard: true)
      return [Untuned.Contender(label: "default") { _ in optimization }]
    }
    let towers = try notations.map { try TowerOptions.given($0) }
    if let twice = towers.map(\.description).repeated {
      throw Failure(.usage, "--optimizer \(twice) is given twice")
    }
    return towers.map { tower in
      let optimization = additions.optimization(tower, isStandard: true)
      return Untuned.Contender(label: "\(tower)") { _ in optimization }
    }
  }
}
