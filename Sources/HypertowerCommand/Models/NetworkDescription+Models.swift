import Datasets
import Hypertower

/// The networks for each model.
extension NetworkDescription {
  /// The paper's network for images, whose outputs tanh bounds; for other numbers one with outputs of any size.
  func dense(_ classWeights: [Float]?) -> Network {
    let (shape, outputs) = samples!
    let features = shape.reduce(1, *)
    let isBounded = if case .images = input { true } else { false }
    func module(endsInLogSoftmax: Bool) -> DenseNetwork {
      DenseNetwork(
        widths: widths(inputs: features, outputs: outputs.count),
        outputActivation: isBounded ? .tanh : .identity, endsInLogSoftmax: endsInLogSoftmax)
    }
    return switch outputs {
    case .classes:
      Network(
        module: module(endsInLogSoftmax: true),
        loss: classWeights.map { .negativeLogLikelihood(classWeights: $0) }
          ?? .negativeLogLikelihood, sampleShape: [features])
    case .values:
      Network(
        module: module(endsInLogSoftmax: false), loss: .meanSquaredError, sampleShape: [features])
    }
  }

  func cnn(_ classWeights: [Float]?) throws -> Network {
    let (shape, outputs) = samples!
    let (image, kernel) = (try imageShape(shape), choice.size(.kernel))
    // Each convolution takes away a window's side less 1, and each pooling halves what is left.
    guard image.dropFirst().allSatisfy({ (($0 - kernel + 1) / 2 - kernel + 1) / 2 > 0 }) else {
      throw Failure(
        .usage,
        "--kernel \(kernel) is too large for images of \(image[1]) × \(image[2]): give a smaller one"
      )
    }
    let channels = choice.sizes[.channels]!
    return Network(
      module: CNN(
        image: image, classes: outputs.count, channels: (channels[0], channels[1]), kernel: kernel),
      loss: loss(of: outputs, classWeights), sampleShape: image)
  }

  func resNet(_ classWeights: [Float]?) throws -> Network {
    let (shape, outputs) = samples!
    let image = try imageShape(shape)
    // Two stages halve images: one number a channel would be left, which a batch of one cannot normalize.
    guard image[1] > 4 || image[2] > 4 else {
      throw Failure(
        .usage,
        "images of \(image[1]) × \(image[2]) are too small for the model resnet20: use larger ones, or "
          + "--model dense")
    }
    return Network(
      module: ResNet(image: image, classes: outputs.count), loss: loss(of: outputs, classWeights),
      sampleShape: image)
  }

  /// That of outputs without bounds.
  private func loss(of outputs: Outputs, _ classWeights: [Float]?) -> Loss {
    switch outputs {
    case .classes: classWeights.map { .crossEntropy(classWeights: $0) } ?? .crossEntropy
    case .values: .meanSquaredError
    }
  }

  func recurrent(_ cell: RecurrentModel.Cell, _ vocabulary: Vocabulary) -> Network {
    Network(
      module: RecurrentModel(
        vocabulary: vocabulary.count, cell: cell, embedding: choice.size(.embedding),
        hidden: choice.size(.width), layers: choice.size(.layers)),
      loss: .crossEntropy, sampleShape: [choice.size(.length)])
  }

  /// `[channels, height, width]` of images whose files state a height and a width, or these three.
  private func imageShape(_ shape: [Int]) throws -> Shape {
    switch shape.count {
    case 2: return [1] + shape
    case 3: return shape
    default:
      throw Failure(
        .badData,
        "the model \(choice.kind) needs images of a height and a width, perhaps with channels first; the "
          + "data's samples have \(shape.count == 1 ? "1 dimension" : "\(shape.count) dimensions"), "
          + "\(shape)")
    }
  }
}
