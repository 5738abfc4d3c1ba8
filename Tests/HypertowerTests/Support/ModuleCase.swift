import Hypertower

/// What `Tests/References/modules.py` has under the same name in PyTorch.
struct ModuleCase {
  let parameters: [(name: String, tensor: Tensor)]
  let function: ([Tensor]) -> Tensor

  /// Makers of all cases, by their names.
  static let all: [String: @Sendable () -> ModuleCase] =
    elementwise
    .merging(folds) { $1 }.merging(convolutions) { $1 }.merging(layers) { $1 }
    .merging(sequences) { $1 }.merging(losses) { $1 }

  typealias Makers = [String: @Sendable () -> ModuleCase]

  private static func of(_ function: @escaping @Sendable ([Tensor]) -> Tensor)
    -> @Sendable () -> ModuleCase
  {
    { ModuleCase(parameters: [], function: function) }
  }

  private static func of(_ make: @escaping @Sendable @autoclosure () -> any Module)
    -> @Sendable () -> ModuleCase
  {
    {
      let module = make()
      return ModuleCase(parameters: module.parameters) { module($0[0]) }
    }
  }

  private static let elementwise: Makers = {
    var cases: Makers = [
      "elementwise elu 0.5": of { $0[0].elu(alpha: 0.5) },
      "elementwise leaky 0.25": of { $0[0].leakyReLU(slope: 0.25) },
      "elementwise clamp": of { $0[0].clamped(from: -1, to: 0.5) },
      "elementwise maximum": of { $0[0].maximum($0[1]) },
      "elementwise minimum": of { $0[0].minimum($0[1]) },
      "elementwise maximum with NaN": of { $0[0].maximum($0[1]) },
      "elementwise magnitude": of { $0[0].magnitude },
      "elementwise log of one plus": of { $0[0].logOnePlus() },
      "elementwise masks": of { inputs in
        let (a, b) = (inputs[0], inputs[1])
        let condition = a.isGreater(than: b).and(a.isAtMost(1)).or(b.isAtLeast(0).not())
        return .select(condition, a, b)
      },
    ]
    for activation in Activation.allCases where activation != .identity {
      cases["activation \(activation)"] = of(activation)
    }
    return cases
  }()

  private static let folds: Makers = {
    var cases: Makers = [
      "fold softmax of large numbers": of { $0[0].softmax() },
      "fold logSumExp 0 2": of { $0[0].logSumExp([0, 2]) },
      "fold logSumExp": of { $0[0].logSumExp() },
      "fold logSumExp of infinities": of { $0[0].logSumExp([1]) },
      "fold min 1": of { $0[0].min([1]) },
      "fold min": of { $0[0].min() },
      "fold variance 0 2": of { $0[0].variance([0, 2]) },
      "fold variance 1 biased": of { $0[0].variance([1], isUnbiased: false) },
      "fold variance of one": of { $0[0].variance([1]) },
      "fold product 1": of { $0[0].product([1]) },
      "fold product 0 2": of { $0[0].product([0, 2]) },
      "fold product with zeros": of { $0[0].product([1]) },
    ]
    for axis in [0, 1, -1] {
      cases["fold softmax \(axis)"] = of { $0[0].softmax(axis: axis) }
      cases["fold logSoftmax \(axis)"] = of { $0[0].logSoftmax(axis: axis) }
    }
    return cases
  }()

  private static let convolutions: Makers = {
    var cases: Makers = [
      "conv2D of one element": of(Conv2D(3, 2, size: 1, bias: false)),
      "conv2D by channels": of(Conv2D(3, 6, size: 2, groups: 3)),
      "conv2D of other windows": of {
        $0[0].convolution($0[1], strides: [2, 1], padding: [1, 0], dilations: [1, 2])
      },
      "transposed without bias": of(ConvTranspose2D(4, 2, size: 2, stride: 2, bias: false)),
    ]
    for number in 0..<16 {
      let (stride, padding) = (1 + number & 1, number >> 1 & 1)
      let (dilation, groups) = (1 + number >> 2 & 1, 1 + number >> 3 & 1)
      let name = "\(stride) \(padding) \(dilation) \(groups)"
      cases["conv2D \(name)"] = of(
        Conv2D(
          2, 4, size: 3, stride: stride, padding: padding, dilation: dilation, groups: groups))
      cases["conv1D \(name)"] = of(
        Conv1D(
          4, 2, size: 3, stride: stride, padding: padding, dilation: dilation, groups: groups))
    }
    for (stride, padding, outputPadding, dilation, groups) in [
      (1, 0, 0, 1, 1), (2, 0, 0, 1, 1), (2, 1, 1, 1, 1), (2, 1, 0, 2, 2), (1, 1, 1, 2, 2),
      (1, 0, 0, 1, 2), (3, 1, 2, 2, 1),
    ] {
      cases["transposed \(stride) \(padding) \(outputPadding) \(dilation) \(groups)"] = of(
        ConvTranspose2D(
          2, 4, size: 3, stride: stride, padding: padding, outputPadding: outputPadding,
          dilation: dilation, groups: groups))
    }
    return cases
  }()

  private static let layers: Makers = [
    "pool max 2": of(MaxPool2D(2)),
    "pool max 3 2 1 1": of(MaxPool2D(3, stride: 2, padding: 1)),
    "pool max 2 1 1 2": of(MaxPool2D(2, stride: 1, padding: 1, dilation: 2)),
    "pool max of equals": of(MaxPool2D(3, stride: 2, padding: 1)),
    "pool max of NaN": of(MaxPool2D(2, stride: 1)),
    "pool average 2": of(AveragePool2D(2)),
    "pool average 3 2 1": of(AveragePool2D(3, stride: 2, padding: 1)),
    "pool average 3 2 1 inside": of(
      AveragePool2D(3, stride: 2, padding: 1, countsPadding: false)),
    "pool global": of(GlobalAveragePool()),
    "norm layer": of(LayerNorm(5)),
    "norm layer of two axes": of(LayerNorm([3, 5], epsilon: 0.25)),
    "norm layer without bias": of(LayerNorm(5, bias: false)),
    "norm rms": of(RMSNorm(5)),
    "norm group": of(GroupNorm(2, 4)),
    "norm each channel": of(GroupNorm(3, 3)),
    "dense without bias": of(Linear(4, 3, bias: false)),
    "gated": of(GatedLinearUnit()),
    "gated channels": of(GatedLinearUnit(axis: 1)),
    "dense residual": of(Residual(Sequential(Linear(4, 4)))),
  ]

  private static let sequences: Makers = {
    func heads(isCausal: Bool, isMasked: Bool) -> @Sendable () -> ModuleCase {
      {
        let module = MultiHeadAttention(6, heads: 3, isCausal: isCausal)
        return ModuleCase(parameters: module.parameters) {
          isMasked ? module($0[0], keyMask: $0[1]) : module($0[0])
        }
      }
    }
    return [
      "embedding": of(Embedding(5, 3)),
      "attention of others": of { $0[0].attention(keys: $0[1], values: $0[2]) },
      "attention with a mask": of { $0[0].attention(keys: $0[1], values: $0[2], mask: $0[3]) },
      "heads": heads(isCausal: false, isMasked: false),
      "heads with a key mask": heads(isCausal: false, isMasked: true),
      "heads causal": heads(isCausal: true, isMasked: false),
      "heads causal with a key mask": heads(isCausal: true, isMasked: true),
      "heads without bias": of(MultiHeadAttention(4, heads: 2, bias: false)),
      "block": of(TransformerBlock(4, heads: 2, hidden: 7, isCausal: true)),
    ]
  }()

  private static let losses: Makers = {
    func loss(_ loss: Loss) -> @Sendable () -> ModuleCase { of { loss($0[0], $0[1]) } }
    let weights: [Float] = [0.5, 2, 1.25]
    let ofAllKinds = Loss.crossEntropy(
      labelSmoothing: 0.25, ignoredIndex: -1, classWeights: weights)
    return [
      "loss cross-entropy": loss(.crossEntropy),
      "loss cross-entropy smooth": loss(.crossEntropy(labelSmoothing: 0.125)),
      "loss cross-entropy ignoring": loss(.crossEntropy(ignoredIndex: -1)),
      "loss cross-entropy weighted": loss(.crossEntropy(classWeights: weights)),
      "loss cross-entropy of all kinds": loss(ofAllKinds),
      "loss cross-entropy smooth ignoring": loss(
        .crossEntropy(labelSmoothing: 0.25, ignoredIndex: -1)),
      "loss cross-entropy ignoring all": loss(.crossEntropy(ignoredIndex: -1)),
      "loss cross-entropy of sequences": loss(
        .crossEntropy(labelSmoothing: 0.125, ignoredIndex: -1)),
      "loss cross-entropy of plain sequences": loss(.crossEntropy),
      "loss cross-entropy of large logits": loss(.crossEntropy),
      "loss nll at 0 and 1": loss(.negativeLogLikelihood),
      "loss nll of the impossible": loss(.negativeLogLikelihood),
      "loss nll ignoring the impossible": of {
        $0[0].negativeLogLikelihood($0[1], ignoredIndex: 7)
      },
      "loss nll weighted": of {
        $0[0].negativeLogLikelihood($0[1], ignoredIndex: -1, classWeights: Tensor([0.5, 2, 1.25]))
      },
      "loss nll ignoring all": of { $0[0].negativeLogLikelihood($0[1], ignoredIndex: -1) },
      "loss binary": of {
        $0[0].binaryCrossEntropy(Tensor([0, 1, 0.25, 1, 0, 0.5, 1, 0, 1], shape: [3, 3]))
      },
      "loss squared": loss(.meanSquaredError),
      "loss absolute": loss(.meanAbsoluteError),
      "loss huber 1": loss(.huber()),
      "loss huber 0.5": loss(.huber(delta: 0.5)),
      "loss divergence": of {
        Loss.kullbackLeibler($0[0], Tensor([0.5, 0.25, 0.25, 0, 1, 0], shape: [2, 3]))
      },
      "loss hinge": loss(.hinge),
    ]
  }()
}
