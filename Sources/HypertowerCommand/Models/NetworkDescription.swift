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
    /// Numbers of any shape, such as the features of a table's row.
    case numbers(shape: [Int], Outputs)
    /// Characters.
    case text(Vocabulary)
  }

  /// What is predicted from numbers.
  enum Outputs: Equatable {
    case classes(Int)
    /// So many values.
    case values(Int)

    var count: Int {
      switch self {
      case .classes(let count), .values(let count): count
      }
    }
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
  /// - Parameter classWeights: how much each class counts in the loss; default: all alike.
  /// - Throws: `Failure` if sizes do not fit together or the data, or need more memory than there is.
  func network(classWeights: [Float]? = nil) throws -> Network {
    let network = try uncheckedNetwork(classWeights)
    let count = network.module.parameters.reduce(0.0) { count, parameter in
      count + parameter.tensor.shape.reduce(1.0) { $0 * Double($1) }
    }
    try NetworkMemory.check(weights: count, of: name)
    return network
  }

  /// What messages call the network: `the model cnn`, `a network of widths 784–128–10`.
  var name: String {
    guard choice.kind == .dense, let (shape, outputs) = samples else {
      return "the model \(choice.kind)"
    }
    let widths = widths(inputs: shape.reduce(1, *), outputs: outputs.count)
    return "a network of widths \(widths.map(String.init).joined(separator: "–"))"
  }

  /// The shape of a sample, and what is predicted; nil for text.
  var samples: (shape: [Int], outputs: Outputs)? {
    switch input {
    case .images(let shape, let classes): (shape, .classes(classes))
    case .numbers(let shape, let outputs): (shape, outputs)
    case .text: nil
    }
  }

  /// Those of a dense network, from the inputs on.
  func widths(inputs: Int, outputs: Int) -> [Int] {
    [inputs] + choice.sizes[.hidden]! + [outputs]
  }

  private func uncheckedNetwork(_ classWeights: [Float]?) throws -> Network {
    switch (choice.kind, input) {
    case (.dense, .images), (.dense, .numbers): return dense(classWeights)
    case (.cnn, .images), (.cnn, .numbers): return try cnn(classWeights)
    case (.resnet20, .images), (.resnet20, .numbers): return try resNet(classWeights)
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
    case (.lstm, .images), (.gru, .images), (.gpt, .images), (.lstm, .numbers), (.gru, .numbers),
      (.gpt, .numbers):
      throw Failure(
        .usage, "the model \(choice.kind) predicts characters: give a text by --text FILE")
    }
  }
}
