import Datasets
import Hypertower

/// A model on data, trained for a number of steps, of which every tower makes what it can.
struct UntunedProblem: Sendable {
  /// What `--problems` calls it.
  let name: String
  /// What it is, in a few words.
  let title: String
  /// The model whose default tower `train` takes; dense where the command has no such model.
  var model = ModelKind.dense
  /// The number of samples of a step.
  var batchSize = 300
  var steps: Int
  var metric = UntunedMetric.accuracy
  /// Makes the model and its data.
  let material: @Sendable (UntunedData) throws -> Material

  /// What is trained, on what, and what it is measured on.
  struct Material {
    let network: NetworkDescription.Network
    let train: Dataset
    let test: Dataset
  }
}

extension UntunedProblem.Material {
  /// A model of the command on images.
  ///
  /// - Parameter samples: the number of images that are trained on, the first ones; default: all.
  init(_ images: LabelledImages, _ choice: ModelChoice, samples: Int? = nil) throws {
    let description = NetworkDescription(choice: choice, input: TrainingData(images).input)
    self.init(
      network: try description.network(),
      train: samples.map { images.train.subset(0..<$0) } ?? images.train, test: images.test!)
  }

  /// A model of the command on a text.
  init(_ text: CharacterText, _ choice: ModelChoice) throws {
    let data = try TrainingData(text, length: choice.size(.length))
    self.init(
      network: try NetworkDescription(choice: choice, input: data.input).network(),
      train: data.train, test: data.measures[0].data)
  }

  /// A dense network.
  init(_ module: DenseNetwork, _ loss: Loss, train: Dataset, test: Dataset) {
    self.init(
      network: .init(module: module, loss: loss, sampleShape: [train.featureCount]),
      train: train, test: test)
  }
}
