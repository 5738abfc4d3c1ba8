import Glibc
import Hypertower

/// What needs no tuning beside Adam with the best of many step sizes, on problems of several kinds.
struct Untuned: Experiment {
  let name = "untuned"
  let problems: [UntunedProblem]
  let contenders: [Contender]
  /// Those of Adam that are searched.
  let stepSizes: [Double]
  let data: UntunedData
  private let laboratories: Laboratories

  /// What is compared with Adam.
  struct Contender {
    /// What the table calls it.
    let label: String
    /// What it is, by the model.
    let optimization: (ModelKind) -> Optimization
  }

  /// How Adam's step size goes over a run.
  enum Course: String, CaseIterable {
    case constant
    case cosine

    func optimization(_ stepSize: Double) -> Optimization {
      let adam =
        switch self {
        case .constant: Adam(stepSize)
        case .cosine: Adam(.cosine(stepSize))
        }
      return Optimization(tower: adam.tower, average: AdditionOptions.standardAverage)
    }
  }

  /// The runs that are told of; a step size is searched with the first seed alone.
  static let seeds = 3

  init(
    _ problems: [UntunedProblem], _ contenders: [Contender], data: UntunedData, isQuick: Bool,
    on device: Device
  ) {
    self.problems = problems.map { problem in
      var problem = problem
      if isQuick { problem.steps = min(problem.steps, 10) }
      return problem
    }
    self.contenders = contenders
    stepSizes = isQuick ? [1e-4, 1e-2, 1] : (-10...2).map { pow(10, Double($0) / 2) }
    self.data = data
    laboratories = Laboratories(data, on: device)
  }

  /// What outcomes depend on is in their names, so that problems and towers can be added later.
  var settings: [String: String] { [:] }
  var keepsJournal: Bool { true }

  // MARK: Runs

  /// A training run.
  struct Run: ExperimentUnit {
    enum Subject {
      case contender(Optimization)
      case search(Course, stepSize: Double)
      /// Adam with the step size that the search has found to be the best.
      case best(Course)
    }

    let id: String
    let problem: UntunedProblem
    let subject: Subject
    let seed: Int
    var steps: Int { problem.steps }
  }

  private func run(_ problem: UntunedProblem, _ subject: Run.Subject, seed: Int) -> Run {
    let what =
      switch subject {
      case .contender(let optimization): optimization.description
      case .search(let course, let stepSize):
        "adam, \(course) \(formatted("%.3g", stepSize))"
      case .best(let course): "adam, best \(course)"
      }
    let text = problem.model.isOfText ? data.textHash.map { ", text \($0)" } ?? "" : ""
    return Run(
      id:
        "\(problem.name), \(problem.steps) steps of \(problem.batchSize)\(text): \(what), seed \(seed)",
      problem: problem, subject: subject, seed: seed)
  }

  /// The runs of a contender, one for each seed.
  func runs(of contender: Contender, on problem: UntunedProblem) -> [Run] {
    (0..<Self.seeds).map {
      run(problem, .contender(contender.optimization(problem.model)), seed: $0)
    }
  }

  /// Those of a problem in which Adam's step size is searched.
  func search(_ course: Course, on problem: UntunedProblem) -> [Run] {
    stepSizes.map { run(problem, .search(course, stepSize: $0), seed: 0) }
  }

  /// The seeds that the search has not had.
  func repetitions(_ course: Course, on problem: UntunedProblem) -> [Run] {
    (1..<Self.seeds).map { run(problem, .best(course), seed: $0) }
  }

  /// Those of one tower follow one another: a trainer keeps what it has compiled while the rules stay the same.
  var units: [Run] {
    var units: [Run] = []
    for problem in problems {
      for contender in contenders { units += runs(of: contender, on: problem) }
      for course in Course.allCases {
        units += search(course, on: problem) + repetitions(course, on: problem)
      }
    }
    // Two names of a model's default are one tower.
    var ids: Set<String> = []
    return units.filter { ids.insert($0.id).inserted }
  }

  /// The step size that the search has found to be the best, and its run; nil if all diverged.
  func best(
    _ course: Course, on problem: UntunedProblem, _ outcomes: [String: TrialOutcome]
  ) -> (stepSize: Double, outcome: TrialOutcome)? {
    var best: (stepSize: Double, outcome: TrialOutcome)?
    for (stepSize, run) in zip(stepSizes, search(course, on: problem)) {
      guard let outcome = outcomes[run.id] else { continue }
      if problem.metric.isBetter(
        problem.metric.value(outcome), than: best.flatMap { problem.metric.value($0.outcome) })
      {
        best = (stepSize, outcome)
      }
    }
    return best
  }

  func run(
    _ run: Run, after outcomes: [String: TrialOutcome], advance: (Int) throws -> Void
  ) throws -> TrialOutcome {
    let optimization: Optimization
    switch run.subject {
    case .contender(let own): optimization = own
    case .search(let course, let stepSize): optimization = course.optimization(stepSize)
    case .best(let course):
      guard let stepSize = best(course, on: run.problem, outcomes)?.stepSize else {
        return .skipped(course.optimization(stepSizes[0]).tower, "all step sizes diverged")
      }
      optimization = course.optimization(stepSize)
    }
    let trial = Trial(
      id: run.id, source: .given(optimization.tower), seed: UInt64(run.seed), steps: run.steps,
      firstStep: optimization.firstStep, average: optimization.average)
    return try laboratories.of(run.problem).run(trial, optimization.tower, advance: advance)
  }

  /// One laboratory at a time, since data and compiled steps take memory.
  private final class Laboratories {
    private let data: UntunedData
    private let device: Device
    private var last: (problem: String, laboratory: Laboratory)?

    init(_ data: UntunedData, on device: Device) { (self.data, self.device) = (data, device) }

    func of(_ problem: UntunedProblem) throws -> Laboratory {
      if let last, last.problem == problem.name { return last.laboratory }
      last = nil
      let material = try problem.material(data)
      let laboratory = try Laboratory(
        material.network, train: material.train, test: material.test,
        batchSize: problem.batchSize, isShuffled: true, on: device)
      last = (problem.name, laboratory)
      return laboratory
    }
  }
}
