import Datasets
import Hypertower

/// A model with its sizes, as chosen before the data say the rest.
struct ModelChoice: Equatable {
  var kind: ModelKind
  /// Those that the model has.
  var sizes: [SizeOption: [Int]]

  /// - Parameter sizes: those that differ from the defaults.
  init(_ kind: ModelKind = .dense, _ sizes: [SizeOption: [Int]] = [:]) {
    self.kind = kind
    self.sizes = kind.defaults.sizes.merging(sizes) { $1 }
  }

  func size(_ option: SizeOption) -> Int { sizes[option]![0] }
}

/// A network that the command trains, with all its sizes.
struct NetworkDescription: Equatable {
  /// What a network is given and what it tells apart.
  enum Input: Equatable {
    /// Images of a shape, such as `[28, 28]`, of so many classes.
    case images(shape: [Int], classes: Int)
    /// Characters.
    case text(Vocabulary)
  }

  let choice: ModelChoice
  let input: Input

  /// What a trainer needs of a network.
  struct Network {
    let module: any Module
    let loss: Loss
    /// The shape of a sample.
    let sampleShape: Shape
  }

  /// The network, if this machine can hold it.
  ///
  /// - Throws: `Failure` if sizes do not fit together or the data, or need more memory than there is.
  func network() throws -> Network {
    let network = try uncheckedNetwork()
    let count = network.module.parameters.reduce(0.0) { count, parameter in
      count + parameter.tensor.shape.reduce(1.0) { $0 * Double($1) }
    }
    try NetworkMemory.check(weights: count, of: name)
    return network
  }

  /// What messages call the network: `the model cnn`, `a network of widths 784–128–10`.
  var name: String {
    guard choice.kind == .dense, case .images(let shape, let classes) = input else {
      return "the model \(choice.kind)"
    }
    let widths = widths(inputs: shape.reduce(1, *), outputs: classes)
    return "a network of widths \(widths.map(String.init).joined(separator: "–"))"
  }

  /// Those of a dense network, from the inputs on.
  private func widths(inputs: Int, outputs: Int) -> [Int] {
    [inputs] + choice.sizes[.hidden]! + [outputs]
  }

  private func uncheckedNetwork() throws -> Network {
    switch (choice.kind, input) {
    case (.dense, .images(let shape, let classes)):
      let features = shape.reduce(1, *)
      let widths = widths(inputs: features, outputs: classes)
      return Network(
        module: DenseNetwork(widths: widths), loss: .negativeLogLikelihood,
        sampleShape: [features])
    case (.cnn, .images(let shape, let classes)):
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
          image: image, classes: classes, channels: (channels[0], channels[1]), kernel: kernel),
        loss: .crossEntropy, sampleShape: image)
    case (.resnet20, .images(let shape, let classes)):
      let image = try imageShape(shape)
      // Two stages halve images: one number a channel would be left, which a batch of one cannot normalize.
      guard image[1] > 4 || image[2] > 4 else {
        throw Failure(
          .usage,
          "images of \(image[1]) × \(image[2]) are too small for the model resnet20: use larger ones, or "
            + "--model dense")
      }
      return Network(
        module: ResNet(image: image, classes: classes), loss: .crossEntropy, sampleShape: image)
    case (.lstm, .text(let vocabulary)): return recurrent(.lstm, vocabulary)
    case (.gru, .text(let vocabulary)): return recurrent(.gru, vocabulary)
    case (.gpt, .text(let vocabulary)):
      let (width, heads) = (choice.size(.width), choice.size(.heads))
      guard width % heads == 0 else {
        throw Failure(
          .usage,
          "--heads \(heads) does not divide --width \(width), which the heads share evenly: choose others"
        )
      }
      return Network(
        module: GPT(
          vocabulary: vocabulary.count, context: choice.size(.length), width: width,
          layers: choice.size(.layers), heads: heads),
        loss: .crossEntropy, sampleShape: [choice.size(.length)])
    case (.dense, .text), (.cnn, .text), (.resnet20, .text):
      throw Failure(.usage, "the model \(choice.kind) is an image classifier, and takes no text")
    case (.lstm, .images), (.gru, .images), (.gpt, .images):
      throw Failure(
        .usage, "the model \(choice.kind) predicts characters: give a text by --text FILE")
    }
  }

  /// Checks that this network of images is made for such data.
  ///
  /// - Throws: `InputError(.badData)`.
  func check(fits images: LabelledImages, source: String) throws {
    guard case .images(let shape, let classes) = input else { return }
    func withoutSingleChannel(_ shape: [Int]) -> [Int] {
      shape.count == 3 && shape[0] == 1 ? Array(shape.dropFirst()) : shape
    }
    guard withoutSingleChannel(shape) == withoutSingleChannel(images.imageShape) else {
      throw InputError(
        .badData,
        "\(source): the network takes images of \(shape), those of the data are \(images.imageShape): "
          + "give data of that size by --data")
    }
    guard classes == images.classCount else {
      throw InputError(
        .badData,
        "\(source): the network tells \(classes) classes apart, the data has \(images.classCount)")
    }
  }

  private func recurrent(_ cell: RecurrentModel.Cell, _ vocabulary: Vocabulary) -> Network {
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
