import Hypertower
import Testing

/// Mistakes of the programmer stop the program and say what was wrong, in optimised builds too.
@Suite struct ProgrammerMistakeTests {
  /// One row a mistake, run in a process of its own.
  enum Mistake: String, CaseIterable, Codable {
    case innerSizes = "matmul: [300, 784] · [128, 10]: inner sizes 784 and 128 differ"
    case transposedInnerSizes = "matmul: [4, 2] · [2, 3]: inner sizes 4 and 2 differ"
    case vectorProduct = "matmul: [3] · [3, 2]: both must have at least two axes"
    case addition = "add: cannot broadcast [2, 3] and [4]"
    case selection = "select: cannot broadcast [2] and [3]"
    case stretch = "broadcast: [2, 3] does not stretch to [2, 4]"
    case reshape = "reshape: [2, 3] has 6 elements, [4] 4"
    case order = "transpose: [0, 0] is no order of the axes of [2, 3]"
    case axes = "sum: [2] are not axes of [2, 3]"
    case repeatedAxes = "maximum: [1, 1] are not axes of [2, 3]"
    case meanAxes = "sum: [5] are not axes of [2, 3]"
    case argmaxAxis = "indexOfMaximum: [-1] are not axes of [2, 3]"
    case values = "Tensor: 2 values do not fill [3]"
    case softmax = "logSoftmax: a single number has no axis"
    case item = "item: [2, 3] is not one element"
    case parameterValue = "array: the tensor depends on parameters or inputs without values"
    case labels =
      "negativeLogLikelihood: [2, 3] with labels [3]: they must be [batch, classes] and [batch]"
    case targets = "meanSquaredError: [2, 3] with targets [3, 2]"
    case gradient = "gradients: the loss has shape [2, 3], not one element"
    case linear = "Linear: 0 inputs, 3 outputs"
    case widths = "DenseNetwork: [784] names no inputs and outputs"
    case tower = "Tower: no levels"
    case features = "Dataset: 5 feature values for 2 samples of 3 features"
    case label = "Dataset: a label lies outside 0..<2"
    case sharedState = "own: 'mean' is shared by all parameters, so it cannot depend on one"
    case sumOfSums = "sum(of:): of what depends on another sum of the same step"
    case factor = "scaleLearningRate: -1.0 is not a number greater than 0"
    case firstStep = "Trainer: firstStep must be greater than 0, in float32 as well"
    case stepSize = "sgd: alpha = inf is out of range; it must be a finite number"

    func make() throws {
      let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
      func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }
      switch self {
      case .innerSizes: _ = zeros([300, 784]).matmul(zeros([128, 10]))
      case .transposedInnerSizes: _ = zeros([4, 2]).matmul(zeros([2, 3]), transposeLeft: true)
      case .vectorProduct: _ = zeros([3]).matmul(zeros([3, 2]))
      case .addition: _ = matrix + zeros([4])
      case .selection: _ = Tensor.select(matrix, zeros([2]), zeros([3]))
      case .stretch: _ = matrix.broadcast(to: [2, 4])
      case .reshape: _ = matrix.reshaped([4])
      case .order: _ = matrix.transposed([0, 0])
      case .axes: _ = matrix.sum([2])
      case .repeatedAxes: _ = matrix.max([1, 1])
      case .meanAxes: _ = matrix.mean([5])
      case .argmaxAxis: _ = matrix.argmax(-1)
      case .values: _ = Tensor([1, 2], shape: [3])
      case .softmax: _ = Tensor.constant(1).logSoftmax()
      case .item: _ = try matrix.item()
      case .parameterValue: _ = try Linear(2, 3).weight.array()
      case .labels: _ = matrix.negativeLogLikelihood(zeros([3]))
      case .targets: _ = matrix.meanSquaredError(zeros([3, 2]))
      case .gradient: _ = gradients(of: matrix, withRespectTo: [matrix])
      case .linear: _ = Linear(0, 3)
      case .widths: _ = DenseNetwork(widths: [784])
      case .tower: _ = Tower([])
      case .features:
        _ = Dataset(
          count: 2, featureCount: 3, features: .floats([1, 2, 3, 4, 5]),
          targets: .values([0, 0], width: 1))
      case .label:
        _ = Dataset(
          count: 1, featureCount: 1, features: .bytes([0]), targets: .classes([2], classCount: 2))
      case .sharedState:
        _ = try RuleDefinition("own") { rule in
          rule.update(rule.sharedState("mean"), to: rule.gradient)
          return rule.parameter
        }.rule()
      case .sumOfSums:
        _ = try RuleDefinition("own") { rule in
          rule.parameter - rule.sum(of: rule.gradient * rule.norm(of: rule.gradient))
        }.rule()
      case .factor:
        try Trainer(
          Linear(2, 3), loss: .meanSquaredError, optimizer: SGD(), on: .cpu
        ).scaleLearningRate(by: -1)
      case .firstStep:
        _ = try Trainer(
          Linear(2, 3), loss: .meanSquaredError, optimizer: SGD(), firstStep: 1e-50, on: .cpu)
      case .stepSize: _ = SGD(.infinity)
      }
    }
  }

  @Test(arguments: Mistake.allCases)
  func mistakeIsNamed(_ mistake: Mistake) async throws {
    let result = try await #require(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [mistake] in
      try mistake.make()
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("Fatal error: \(mistake.rawValue)"), "\(text.prefix(300))")
  }
}
