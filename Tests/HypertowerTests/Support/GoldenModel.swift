import Datasets
import FoundationEssentials
import Glibc

@testable import Hypertower

/// A reference trajectory of a model beyond dense networks, from PyTorch.
struct GoldenModel: Decodable {
  struct Run: Decodable {
    let losses: [Double]
    let evaluationLossOfFirstTestBatch: Double
    let hyperparametersAfterStep: [String: [[String: Double]]]
    let runningStatistics: [String: [Double]]
  }

  struct Sizes: Decodable {
    let channels: Channels?
    let kernel: Int?
    let cell: String?
    let embedding: Int?
    let hidden: Int?
    let width: Int?
    let layers: Int?
    let heads: Int?
    let context: Int?
  }

  /// One number or several.
  enum Channels: Decodable {
    case one(Int)
    case several([Int])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let several = try? container.decode([Int].self) {
        self = .several(several)
      } else {
        self = .one(try container.decode(Int.self))
      }
    }
  }

  let name: String
  let model: String
  let sizes: Sizes
  let notation: String
  let batch: Int
  let steps: Int
  let length: Int
  let initialWeights: String
  let vocabulary: Int?
  let tokens: [Float]?
  let evaluationTokens: [Float]?
  let float32: Run
  let float64: Run

  private enum CodingKeys: String, CodingKey {
    case name, model, sizes, notation, batch, steps, length, vocabulary, tokens, evaluationTokens
    case float32, float64
    case initialWeights = "init"
  }

  /// The folder of the project's own cases, or another one.
  static let folder =
    getenv("GOLDEN_MODELS").map { String(cString: $0) }
    ?? #filePath.replacing("Support/GoldenModel.swift", with: "GoldenModels")

  /// Whether cases of another folder are asked for.
  static let isElsewhere = getenv("GOLDEN_MODELS") != nil

  static let names: [String] = {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    if let only = getenv("GOLDEN_MODEL") { return [String(cString: only)] }
    return all.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  static func named(_ name: String) throws -> GoldenModel {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      GoldenModel.self, from: Data(try FileReader.bytes(of: "\(folder)/\(name).json")))
  }

  /// A fault of a case itself: what it needs that is not known.
  struct Unknown: Error, CustomStringConvertible {
    let description: String
  }

  func network() throws -> any Module {
    func size(_ value: Int?, _ name: String) throws -> Int {
      guard let value else { throw Unknown(description: "\(self.name): sizes lack '\(name)'") }
      return value
    }
    switch (model, sizes.channels) {
    case ("CNN", .several(let channels)) where channels.count == 2:
      return GoldenCNN(channels, kernel: try size(sizes.kernel, "kernel"))
    case ("Residual", .one(let channels)): return GoldenResidual(channels)
    case ("Recurrent", _):
      guard let cell = RecurrentModel.Cell(rawValue: sizes.cell?.lowercased() ?? "") else {
        throw Unknown(description: "\(name): cell '\(sizes.cell ?? "")' is not known")
      }
      return RecurrentModel(
        vocabulary: try size(vocabulary, "vocabulary"), cell: cell,
        embedding: try size(sizes.embedding, "embedding"),
        hidden: try size(sizes.hidden, "hidden"), layers: try size(sizes.layers, "layers"))
    case ("GPT", _):
      return GPT(
        vocabulary: try size(vocabulary, "vocabulary"),
        context: try size(sizes.context, "context"),
        width: try size(sizes.width, "width"), layers: try size(sizes.layers, "layers"),
        heads: try size(sizes.heads, "heads"))
    default: throw Unknown(description: "\(name): model '\(model)' is not known")
    }
  }

  var sampleShape: Shape { tokens == nil ? [1, 28, 28] : [length] }

  /// What is trained on, and the batch that is evaluated.
  func data() throws -> (train: Dataset, evaluation: Dataset) {
    guard let tokens, let evaluationTokens else {
      let mnist = try MNIST.embedded()
      guard let test = mnist.test else { throw Unknown(description: "no test images") }
      return (mnist.train, test.subset(Array(0..<batch)))
    }
    return (windows(tokens), windows(evaluationTokens).subset(Array(0..<batch)))
  }

  /// Windows of `length` tokens one after another, and for each token the next one.
  private func windows(_ tokens: [Float]) -> Dataset {
    let count = (tokens.count - 1) / length
    return Dataset(
      count: count, featureCount: length, features: .floats(Array(tokens[..<(count * length)])),
      targets: .values(Array(tokens[1...count * length]), width: length))
  }
}

/// conv1 → relu → max-pool 2 → conv2 (3×3, stride 2, padding 1) → relu → flatten → fc.
private struct GoldenCNN: Module {
  let conv1: Conv2D
  let conv2: Conv2D
  let fc: Linear

  init(_ channels: [Int], kernel: Int) {
    conv1 = Conv2D(1, channels[0], size: kernel)
    conv2 = Conv2D(channels[0], channels[1], size: 3, stride: 2, padding: 1)
    let side = ((28 - kernel + 1) / 2 - 1) / 2 + 1
    fc = Linear(channels[1] * side * side, 10)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    fc(Flatten()(conv2(MaxPool2D(2)(conv1(x).relu())).relu()))
  }
}

/// x = relu(norm0(conv0 x)); x = relu(x + norm2(conv2 relu(norm1(conv1 x)))); the mean over places → fc.
private struct GoldenResidual: Module {
  let conv0: Conv2D
  let norm0: BatchNorm
  let conv1: Conv2D
  let norm1: BatchNorm
  let conv2: Conv2D
  let norm2: BatchNorm
  let fc: Linear

  init(_ channels: Int) {
    conv0 = Conv2D(1, channels, size: 3, stride: 2, padding: 1, bias: false)
    conv1 = Conv2D(channels, channels, size: 3, padding: 1, bias: false)
    conv2 = Conv2D(channels, channels, size: 3, padding: 1, bias: false)
    (norm0, norm1, norm2) = (BatchNorm(channels), BatchNorm(channels), BatchNorm(channels))
    fc = Linear(channels, 10)
  }

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    let x = norm0(conv0(x), in: context).relu()
    let inner = norm1(conv1(x), in: context).relu()
    return fc((x + norm2(conv2(inner), in: context)).relu().mean([2, 3]))
  }
}
