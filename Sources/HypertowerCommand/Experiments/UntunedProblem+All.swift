import Datasets
import Hypertower

extension UntunedProblem {
  /// All problems, in the order in which they are run.
  static let all: [UntunedProblem] = [
    mnist(hidden: 32), mnist(hidden: 128), mnist(hidden: 512),
    UntunedProblem(name: "relu", title: "MNIST, three hidden layers of 128 with ReLU", steps: 200) {
      let images = try $0.images.value()
      let module = DenseNetwork(
        widths: [images.featureCount, 128, 128, 128, images.classCount], activation: .relu,
        outputActivation: .identity)
      return Material(module, .negativeLogLikelihood, train: images.train, test: images.test!)
    },
    mnist(name: "small-batch", "in batches of 30", batchSize: 30, steps: 2000),
    mnist(name: "large-batch", "in batches of 3,000, 5 epochs", batchSize: 3000, steps: 100),
    UntunedProblem(
      name: "raw-pixels", title: "MNIST, 128 hidden units, pixels of 0 to 255", steps: 200
    ) { try Material($0.rawImages(), ModelChoice()) },
    UntunedProblem(
      name: "few-samples", title: "1,000 samples of MNIST, 128 hidden units, 20 epochs", steps: 80
    ) { try Material($0.images.value(), ModelChoice(), samples: 1000) },
    UntunedProblem(
      name: "cnn", title: "the CNN on MNIST, 3 epochs", model: .cnn, steps: 600
    ) { try Material($0.images.value(), ModelChoice(.cnn)) },
    // As many samples as two cores take in half a minute.
    UntunedProblem(
      name: "resnet20", title: "ResNet-20 on 25,600 samples of MNIST, an epoch", model: .resnet20,
      batchSize: 128, steps: 200
    ) { try Material($0.images.value(), ModelChoice(.resnet20), samples: 25_600) },
    text(.lstm, "two layers of LSTM on the text"),
    text(.gpt, "the GPT on the text"),
    UntunedProblem(
      name: "autoencoder", title: "784–128–32–128–784 on MNIST's pixels, 2 epochs", steps: 400,
      metric: .squaredError
    ) {
      let images = try $0.images.value()
      let module = DenseNetwork(
        widths: [784, 128, 32, 128, 784], outputActivation: .identity, endsInLogSoftmax: false)
      return Material(
        module, .meanSquaredError, train: images.train.withFeaturesAsTargets(),
        test: images.test!.withFeaturesAsTargets())
    },
    linear(decades: 3), linear(decades: 6),
    UntunedProblem(
      name: "outliers", title: "10–64–1 on targets with noise of Cauchy's distribution",
      batchSize: 100, steps: 2000, metric: .absoluteError
    ) { _ in
      let data = MadeRegression.withOutliers()
      let module = DenseNetwork(
        widths: [data.train.featureCount, 64, 1], outputActivation: .identity,
        endsInLogSoftmax: false)
      return Material(module, .meanAbsoluteError, train: data.train, test: data.test)
    },
  ]

  /// An epoch of the command's dense network.
  private static func mnist(hidden: Int) -> UntunedProblem {
    UntunedProblem(name: "mnist-\(hidden)", title: "MNIST, \(hidden) hidden units", steps: 200) {
      try Material($0.images.value(), ModelChoice(.dense, [.hidden: [hidden]]))
    }
  }

  /// The command's dense network in batches of another size.
  private static func mnist(
    name: String, _ batches: String, batchSize: Int, steps: Int
  ) -> UntunedProblem {
    UntunedProblem(
      name: name, title: "MNIST, 128 hidden units, \(batches)", batchSize: batchSize, steps: steps
    ) { try Material($0.images.value(), ModelChoice()) }
  }

  /// A model of characters with the command's sizes.
  private static func text(_ kind: ModelKind, _ title: String) -> UntunedProblem {
    UntunedProblem(
      name: kind.rawValue, title: title, model: kind, batchSize: kind.defaults.batchSize,
      steps: 2000, metric: .perplexity
    ) { try Material($0.text(), ModelChoice(kind)) }
  }

  /// A linear model of 20 features.
  private static func linear(decades: Int) -> UntunedProblem {
    UntunedProblem(
      name: "linear-\(decades)", title: "least squares, features over \(decades) decades",
      batchSize: 100, steps: 2000, metric: .logExcess
    ) { _ in
      let data = MadeRegression.linear(decades: Double(decades))
      let module = DenseNetwork(
        widths: [data.train.featureCount, 1], activation: .identity, endsInLogSoftmax: false)
      return Material(module, .meanSquaredError, train: data.train, test: data.test)
    }
  }
}
