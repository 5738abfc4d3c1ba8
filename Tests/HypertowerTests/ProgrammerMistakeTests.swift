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
    case classWeights = "crossEntropy: [2, 3] with class weights [2]: they must be [classes]"
    case smoothing = "crossEntropy: labelSmoothing 1.5 does not lie in 0...1"
    case binaryTargets = "binaryCrossEntropy: [2, 3] with targets [2]"
    case absoluteTargets = "meanAbsoluteError: [2, 3] with targets [3, 2]"
    case huberTargets = "huberLoss: [2, 3] with targets [3, 2], delta 1.0"
    case hingeTargets = "hingeLoss: [2, 3] with targets [3, 2]"
    case divergenceTargets = "kullbackLeiblerDivergence: [2, 3] with targets [3, 2]"
    case gate = "GatedLinearUnit: [2, 3] along axis -1: its extent must be even"
    case ownLoss =
      "Loss: own of outputs [2, 3] and targets [2, 3] has shape [2, 3], not one element"
    case ownMetric =
      "Metric: the sums of own have shape [1000, 3] for 1000 samples, and [1, 3] for others"
    case topK = "topK: 0 is less than 1"
    case gradient = "gradients: the loss has shape [2, 3], not one element"
    case linear = "Linear: 0 inputs, 3 outputs"
    case gatherAxis = "gather: [2, 3] at indices [3]: there is no axis 2"
    case gatherOfNumber = "gather: [] at indices [3]: there is no axis 0"
    case scatterShape = "scatterAdd: [2, 3] at indices [3]: the first axes differ"
    case scatterCount = "scatterAdd: [2, 3] at indices [2]: -1 rows do not lie in 0...16777216"
    case alongAxis = "gatherAlongAxis: [2, 3] at indices [3, 3]: they differ beside axis 1"
    case alongRank = "gatherAlongAxis: [2, 3] at indices [2]: they differ beside axis 1"
    case product = "product: [2] are not axes of [2, 3]"
    case softmaxAxis = "softmax: [2, 3] has no axis 2"
    case channels =
      "convolution: [2, 3, 5, 5] · [4, 2, 3, 3] with 1 groups: they must be [batch, in, n…] and "
    case largeWindow =
      "convolution: [2, 3, 2, 5] · [4, 3, 3, 3]: windows of 3 elements do not fit into axis 2 with padding 0"
    case largePool = "windows: of 3 elements do not fit into axis 2 of [2, 3, 2, 5] with padding 0"
    case convolutionStrides =
      "convolution: sizes [3, 3], strides [1], padding [0, 0] and dilations [1, 1]: there must be one for "
    case convolutionSizes =
      "convolution: sizes [0, 3], strides [1, 1], padding [0, 0] and dilations [1, 1]: there must be one for "
    case convolution =
      "Conv2D: 3 inputs, 4 outputs, size 3, stride 1, padding 0, dilation 1, 2 groups"
    case transposedChannels =
      "transposedConvolution: [2, 3, 5, 5] · [2, 4, 3, 3] with 1 groups: they must be "
    case outputPadding =
      "transposedConvolution: strides [2, 2], padding [0, 0], outputPadding [2, 2] and dilations [1, 1]"
    case poolPadding = "MaxPool2D: size 2, stride 2, padding 2: padding is at most size / 2"
    case pooled = "AveragePool2D: [3] is not […, height, width]"
    case poolChannels = "GlobalAveragePool: [2, 3] is not [batch, channels, …]"
    case layerNorm = "LayerNorm: [2, 3] does not end in [4]"
    case rmsNorm = "RMSNorm: [2, 3] does not end in [4]"
    case groups = "GroupNorm: 2 groups of 3 channels"
    case groupNorm = "GroupNorm: [2, 3] with a weight [4]: it must be [batch, channels, …]"
    case embedding = "Embedding: 0 rows of 3"
    case heads = "MultiHeadAttention: width 4, 3 heads"
    case sequence = "MultiHeadAttention: [2, 3] into width 4: it must be [batch, time, width]"
    case keyMask =
      "MultiHeadAttention: [2, 3, 4] with a key mask [3, 2]: it must be [batch, time]"
    case keys = "attention: queries [2, 3], keys [5, 4] and values [5, 2]: they must be "
    case attentionMask = "attention: the mask [4] does not stretch to [2, 5]"
    case residual = "Residual: the module makes [2, 4] of [2, 3]"
    case sample = "Unflatten: [2, 3] into samples of [2, 2]"
    case widths = "DenseNetwork: [784] names no inputs and outputs"
    case tower = "Tower: no levels"
    case features = "Dataset: 5 feature values for 2 samples of 3 features"
    case label = "Dataset: a label lies outside 0..<2"
    case samples = "features: 1..<3 do not lie in 0..<2"
    case randomInEvaluation =
      "Context: random numbers are those of a training step; ask isTraining first"
    case sharedState = "own: 'mean' is shared by all parameters, so it cannot depend on one"
    case sumOfSums = "sum(of:): of what depends on another sum of the same step"
    case sumOfRows =
      "sum(of:): of what depends on another sum of the same step, on a gradient of the run, which is one, or"
    case sumOfRuns =
      "sum(of:): of what depends on another sum of the same step, on a gradient of the run"
    case run = "own: reads gradients of the run, but does not ask for them"
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
      case .classWeights: _ = matrix.crossEntropy(zeros([2]), classWeights: zeros([2]))
      case .smoothing: _ = matrix.crossEntropy(zeros([2]), labelSmoothing: 1.5)
      case .binaryTargets: _ = matrix.binaryCrossEntropy(zeros([2]))
      case .absoluteTargets: _ = matrix.meanAbsoluteError(zeros([3, 2]))
      case .huberTargets: _ = matrix.huberLoss(zeros([3, 2]))
      case .hingeTargets: _ = matrix.hingeLoss(zeros([3, 2]))
      case .divergenceTargets: _ = matrix.kullbackLeiblerDivergence(zeros([3, 2]))
      case .gate: _ = GatedLinearUnit()(matrix)
      case .ownLoss: _ = Loss("own") { $0 - $1 }(matrix, matrix)
      case .ownMetric:
        let data = Dataset(
          count: 1001, featureCount: 2, features: .floats(.init(repeating: 0, count: 2002)),
          targets: .values(.init(repeating: 0, count: 3003), width: 3))
        _ = try Trainer(Linear(2, 3), loss: .meanSquaredError, optimizer: SGD(), on: .cpu)
          .evaluate(on: data, metrics: [Metric("own") { $0 - $1 }])
      case .topK: _ = Metric.topK(0)
      case .gradient: _ = gradients(of: matrix, withRespectTo: [matrix])
      case .linear: _ = Linear(0, 3)
      case .gatherAxis: _ = matrix.gather(zeros([3]), axis: 2)
      case .gatherOfNumber: _ = zeros([]).gather(zeros([3]))
      case .scatterShape: _ = matrix.scatterAdd(zeros([3]), count: 4)
      case .scatterCount: _ = matrix.scatterAdd(zeros([2]), count: -1)
      case .alongAxis: _ = matrix.gatherAlongAxis(zeros([3, 3]), axis: -1)
      case .alongRank: _ = matrix.gatherAlongAxis(zeros([2]), axis: 1)
      case .product: _ = matrix.product([2])
      case .softmaxAxis: _ = matrix.softmax(axis: 2)
      case .channels: _ = zeros([2, 3, 5, 5]).convolution(zeros([4, 2, 3, 3]))
      case .largeWindow: _ = Conv2D(3, 4, size: 3)(zeros([2, 3, 2, 5]))
      case .largePool: _ = AveragePool2D(3)(zeros([2, 3, 2, 5]))
      case .convolutionStrides:
        _ = zeros([2, 3, 5, 5]).convolution(zeros([4, 3, 3, 3]), strides: [1])
      case .convolutionSizes: _ = zeros([2, 3, 5, 5]).convolution(zeros([4, 3, 0, 3]))
      case .convolution: _ = Conv2D(3, 4, size: 3, groups: 2)
      case .transposedChannels: _ = ConvTranspose2D(2, 4, size: 3)(zeros([2, 3, 5, 5]))
      case .outputPadding:
        _ = ConvTranspose2D(2, 4, size: 3, stride: 2, outputPadding: 2)(zeros([2, 2, 5, 5]))
      case .poolPadding: _ = MaxPool2D(2, padding: 2)
      case .pooled: _ = AveragePool2D(2)(zeros([3]))
      case .poolChannels: _ = GlobalAveragePool()(matrix)
      case .layerNorm: _ = LayerNorm(4)(matrix)
      case .rmsNorm: _ = RMSNorm(4)(matrix)
      case .groups: _ = GroupNorm(2, 3)
      case .groupNorm: _ = GroupNorm(2, 4)(matrix)
      case .embedding: _ = Embedding(0, 3)
      case .heads: _ = MultiHeadAttention(4, heads: 3)
      case .sequence: _ = MultiHeadAttention(4, heads: 2)(matrix)
      case .keyMask:
        _ = MultiHeadAttention(4, heads: 2)(zeros([2, 3, 4]), keyMask: zeros([3, 2]))
      case .keys: _ = matrix.attention(keys: zeros([5, 4]), values: zeros([5, 2]))
      case .attentionMask:
        _ = matrix.attention(keys: zeros([5, 3]), values: zeros([5, 2]), mask: zeros([4]))
      case .residual: _ = Residual(Linear(3, 4))(matrix)
      case .sample: _ = Unflatten([2, 2])(matrix)
      case .widths: _ = DenseNetwork(widths: [784])
      case .tower: _ = Tower([])
      case .features:
        _ = Dataset(
          count: 2, featureCount: 3, features: .floats([1, 2, 3, 4, 5]),
          targets: .values([0, 0], width: 1))
      case .label:
        _ = Dataset(
          count: 1, featureCount: 1, features: .bytes([0]), targets: .classes([2], classCount: 2))
      case .samples:
        _ = Dataset(
          count: 2, featureCount: 1, features: .bytes([0, 1]), targets: .values([0, 0], width: 1)
        ).features(of: 1..<3)
      case .randomInEvaluation: _ = Context().normal([2])
      case .sharedState:
        _ = try RuleDefinition("own") { rule in
          rule.update(rule.sharedState("mean"), to: rule.gradient)
          return rule.parameter
        }.rule()
      case .sumOfSums:
        _ = try RuleDefinition("own") { rule in
          rule.parameter - rule.sum(of: rule.gradient * rule.norm(of: rule.gradient))
        }.rule()
      case .sumOfRows:
        _ = try RuleDefinition("own") { rule in
          rule.parameter - rule.sum(of: rule.rowMean(of: rule.gradient))
        }.rule()
      case .sumOfRuns:
        _ = try RuleDefinition("own") { rule in
          rule.tunesLearningRates(horizon: .run)
          return rule.parameter - rule.norm(of: rule.runGradient)
        }.rule()
      case .run:
        _ = try RuleDefinition("own") { rule in
          rule.tunesLearningRates()
          return rule.parameter - rule.runGradientBound
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
    expectFatalError(mistake.rawValue, in: result)
  }
}
