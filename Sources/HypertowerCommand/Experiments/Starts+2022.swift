import Datasets
import Hypertower

/// The towers of the paper of 2022 on a convolutional and on a recurrent network.
extension Starts {
  /// SGD with momentum under SGD, from the paper's nine starts.
  ///
  /// - Parameters:
  ///   - images: what is classified.
  ///   - dataName: what the data are called.
  ///   - model: `.cnn` or `.resnet20`.
  ///   - upper: what is above SGD, as text; nil: SGD with step sizes that follow the start.
  static func cnn2022(
    _ images: LabelledImages, dataName: String, model: ModelKind, upper: String?, batchSize: Int,
    steps: Int, seeds: Int, isQuick: Bool, on device: Device
  ) throws -> Starts {
    let learningRates = isQuick ? [0.01, 1] : [0.01, 0.1, 1]
    let momenta = isQuick ? [0.9] : [0.09, 0.9, 0.99]
    let starts = try learningRates.flatMap { alpha in
      try momenta.map { mu in
        try Start(
          "α \(formatted("%g", alpha)), μ \(mu)", "sgd(\(alpha), momentum=\(mu))",
          under: upper
            ?? "sgd_per_parameter(alpha_alpha=\(alpha * alpha * 1e-3), "
            + "momentum_alpha=\(1e-6 / (1 - mu)))")
      }
    }
    let above =
      upper.map { "`\($0)`" }
      ?? "SGD, whose step sizes follow the start: 10⁻³·α² for α and 10⁻⁶/(1 − μ) for μ"
    return Starts(
      name: "cnn2022", title: "The towers of 2022 on a convolutional network",
      description: """
        \(model == .cnn ? "The CNN" : "ResNet-20") on \(dataName), shuffled, in batches of \(batchSize): SGD with \
        momentum, alone and below \(above).
        """,
      starts: starts, metric: .accuracy, steps: steps, seeds: seeds,
      laboratory: try Laboratory(
        images, ModelChoice(model), batchSize: batchSize, isShuffled: true, on: device),
      network: [
        "data hash": images.fingerprint, "model": model.rawValue, "above": upper ?? "as the start",
      ])
  }

  /// Adam on LSTMs under SGD, from starts of our own.
  ///
  /// - Parameters:
  ///   - dataName: what the text is called.
  ///   - length: the number of characters of a window.
  ///   - upper: what is above Adam, as text; nil: SGD with step sizes that follow the start.
  static func rnn2022(
    _ text: CharacterText, dataName: String, upper: String?, batchSize: Int, length: Int,
    steps: Int, seeds: Int, isQuick: Bool, on device: Device
  ) throws -> Starts {
    let learningRates = isQuick ? [1e-4, 0.01] : [1e-4, 0.002, 0.01]
    let decays = isQuick ? [(0.9, 0.999)] : [(0.9, 0.999), (0.99, 0.9999)]
    let starts = try learningRates.flatMap { alpha in
      try decays.map { beta1, beta2 in
        try Start(
          "α \(formatted("%g", alpha)), β1 \(beta1), β2 \(beta2)",
          "adam(\(alpha), beta1=\(beta1), beta2=\(beta2))",
          under: upper
            ?? "sgd_per_parameter(0, alpha_alpha=\(alpha * alpha * 1e-2), "
            + "beta1_alpha=\(1e-4 / (1 - beta1)), beta2_alpha=\(1e-4 / (1 - beta2)))")
      }
    }
    let above =
      upper.map { "`\($0)`" }
      ?? "SGD, whose step sizes follow the start: 10⁻²·α² for α, 10⁻⁴/(1 − β) for a β as it is stored, and none for ε"
    let sizes: [SizeOption: [Int]] = [.length: [length]]
    return Starts(
      name: "rnn2022", title: "The towers of 2022 on a recurrent network",
      description: """
        Two layers of LSTM on \(dataName), in batches of \(batchSize) windows of \(length) characters: Adam, alone \
        and below \(above). The perplexity is that of the text's last tenth.
        """,
      starts: starts, metric: .perplexity, steps: steps, seeds: seeds,
      laboratory: try Laboratory(
        text, ModelChoice(.lstm, sizes), batchSize: batchSize, on: device),
      network: [
        "text hash": text.fingerprint,
        "length": "\(length)", "above": upper ?? "as the start",
      ])
  }
}
