import Datasets
import FoundationEssentials
import Hypertower
import OpenCL

/// Everything that a run's results depend on except the device: what a resumed run takes from its
/// checkpoint.
struct TrainingSettings: Codable {
  var optimizer: String
  /// See `Optimization`; nil: none.
  var firstStep: Double?
  /// As `WeightAverage` describes itself; nil: none.
  var average: String?
  /// The folder or file of the data, as an absolute path; nil: the embedded MNIST.
  var data: String?
  /// The file of the text, as an absolute path; nil: the data are images.
  var text: String?
  /// The number of classes that the user gave; nil: it follows from the labels.
  var classes: Int?
  /// What the user let features be divided by; nil: what suits their type.
  var scale: Double?
  /// The share of the data that is held back to measure on while training; nil: none.
  var validation: Double?
  /// The share that is held back to test on; nil: none.
  var test: Double?
  /// What decides which samples are held back; nil: 0.
  var splitSeed: UInt64?
  /// How a table is understood; nil: with the defaults, or the data are no table.
  var table: TableOptions?
  /// How image files become samples; nil: as they are, or there are none.
  var images: ImageOptions?
  /// As `ClassWeights` reads it; nil: all classes count alike.
  var classWeights: String?
  /// As `Augmentation` reads it; nil: samples are taken as they are.
  var augment: String?
  /// The file or folder of the weights that the run began with, as an absolute path; nil: they were drawn.
  var initialWeights: String?
  /// A hash of all samples and labels.
  var dataHash: String
  /// The widths of a dense network's hidden layers; of other models a checkpoint has the description.
  var hidden: [Int]
  var batchSize: Int
  /// The number of shards of a batch; nil: it is one.
  var shards: Int?
  /// Whether batch normalization takes statistics over the batch; nil: over the shard.
  var synchronizesBatchNorm: Bool?
  var isShuffled: Bool
  var seed: UInt64
  var steps: Int
  /// After how many evaluations that are not better the run ends; nil: none.
  var patience: Int?
  /// After how many steps what decides that is measured; nil: nothing does.
  var evaluationInterval: Int?

  private static let key = "settings"
  private static let hashKey = "settings_hash"

  /// The settings in a checkpoint's metadata.
  ///
  /// - Throws: `InputError(.badData)`.
  init(_ checkpoint: SafetensorsFile, source: String) throws {
    guard let text = checkpoint.metadata[Self.key],
      checkpoint.metadata[Self.hashKey] == Self.hash(text),
      let settings = try? JSONDecoder().decode(Self.self, from: Data(text.utf8))
    else {
      throw InputError(
        .badData, "\(source): has no settings of a run: it was not written by `hypertower train`")
    }
    self = settings
  }

  init(
    optimization: Optimization, data: String?, text: String?, classes: Int?, scale: Double?,
    split: Split, table: TableOptions?, images: ImageOptions?, classWeights: String?,
    augment: String?, initialWeights: String?, dataHash: String, hidden: [Int],
    batchSize: Int, isShuffled: Bool, seed: UInt64, steps: Int
  ) {
    optimizer = optimization.tower.description
    firstStep = optimization.firstStep
    average = optimization.average?.description
    self.data = data
    self.text = text
    self.classes = classes
    self.scale = scale
    validation = split.validation
    test = split.test
    splitSeed = split.seed == 0 ? nil : split.seed
    self.table = table
    self.images = images
    self.classWeights = classWeights
    self.augment = augment
    self.initialWeights = initialWeights
    self.dataHash = dataHash
    self.hidden = hidden
    self.batchSize = batchSize
    self.isShuffled = isShuffled
    self.seed = seed
    self.steps = steps
  }

  /// What is held back.
  var split: Split { Split(validation: validation, test: test, seed: splitSeed ?? 0) }

  /// How batches are shared among so many ranks.
  func sharing(ranks: Int) -> MemoryEstimate.Sharing {
    .init(
      shards: shards ?? 1, synchronizesBatchNorm: synchronizesBatchNorm ?? false, ranks: ranks)
  }

  /// What moves the weights.
  ///
  /// - Throws: `InputError`.
  func optimization() throws -> Optimization {
    Optimization(
      tower: try TowerOptions.tower(optimizer), firstStep: firstStep,
      average: average.flatMap { WeightAverage(parsing: $0) })
  }

  /// The settings as members of a checkpoint's metadata.
  var metadata: [String: String] {
    get throws {
      let text = try json()
      return [Self.key: text, Self.hashKey: Self.hash(text), "data_hash": dataHash]
    }
  }

  /// What tells the run from others: everything except what decides its length, and where its data lie.
  var identity: String {
    get throws {
      var own = self
      (own.steps, own.patience, own.evaluationInterval) = (0, nil, nil)
      (own.data, own.text) = (nil, nil)
      return Self.hash(try own.json())
    }
  }

  private func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  private static func hash(_ text: String) -> String { String(fnv1a64(text.utf8), radix: 16) }
}
