/// The models that `train` knows, each with its sizes and defaults.
enum ModelKind: String, CaseIterable {
  case dense
  case cnn
  case resnet20
  case lstm
  case gru
  case gpt

  /// What the command trains a model with unless it is told otherwise.
  struct Defaults {
    /// The sizes that the model has, and their values.
    let sizes: [SizeOption: [Int]]
    /// The number of samples of a step.
    let batchSize: Int
  }

  /// The tower that needs no tuning, in its notation; `AdditionOptions` go with it.
  static let defaultTower = "adam() / drift()"

  var defaults: Defaults {
    switch self {
    case .dense: Defaults(sizes: [.hidden: [128]], batchSize: 300)
    case .cnn: Defaults(sizes: [.channels: [16, 32], .kernel: [5]], batchSize: 300)
    // The batch of its paper, arXiv 1512.03385.
    case .resnet20: Defaults(sizes: [:], batchSize: 128)
    case .lstm, .gru:
      Defaults(
        sizes: [.embedding: [128], .layers: [2], .width: [128], .length: [50]], batchSize: 50)
    case .gpt:
      Defaults(
        sizes: [.width: [128], .layers: [4], .heads: [4], .length: [64]], batchSize: 12)
    }
  }

  /// Whether it predicts the next character of a text; otherwise it classifies images.
  var isOfText: Bool {
    switch self {
    case .dense, .cnn, .resnet20: false
    case .lstm, .gru, .gpt: true
    }
  }

  /// What it is, with its sizes and defaults.
  var summary: String {
    let own =
      switch self {
      case .dense: "dense layers with tanh after each and a log-softmax at the end"
      case .cnn: "two blocks of convolution, ReLU and 2 × 2 max pooling, then a dense layer"
      case .resnet20: "a residual network of 20 layers with batch normalization"
      case .lstm: "layers of LSTM on an embedding of characters"
      case .gru: "layers of GRU on an embedding of characters"
      case .gpt: "a transformer on embeddings of characters and positions"
      }
    let sizes = SizeOption.allCases.compactMap { option in
      defaults.sizes[option].map { "--\(option.rawValue) \(IntegerList($0))" }
    }
    return "\(rawValue): \(own); "
      + (sizes + ["--batch-size \(defaults.batchSize)"]).joined(separator: " ")
  }

  /// The names of all models, or of those that a condition holds for, as in `lstm, gru and gpt`.
  static func names(where condition: (ModelKind) -> Bool = { _ in true }) -> String {
    let names = allCases.filter(condition).map(\.rawValue)
    return names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + names.last!
  }
}
