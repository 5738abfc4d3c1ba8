import Datasets
import Hypertower

/// What a network is trained on and measured with.
struct TrainingData {
  let train: Dataset
  /// What the network can be measured on; the first guides a run.
  private(set) var measures: [Measure]
  /// What a network for the data is given and tells apart.
  let input: NetworkDescription.Input
  /// How files became samples; nil: the samples are windows of a text.
  let encoding: SampleEncoding?
  /// How much each class counts in the loss; nil: all count alike.
  private(set) var classWeights: ClassWeights?

  init(_ images: LabelledImages) { self.init(SplitDataset(images)) }

  init(_ data: SplitDataset) {
    train = data.train
    measures = [("validation", data.validation), ("test", data.test)].compactMap { name, samples in
      samples.map { Measure(name: name, data: $0, encoding: data.encoding) }
    }
    encoding = data.encoding
    let outputs = Self.outputs(of: data.encoding)
    switch outputs {
    case .classes(let classes) where data.sampleShape.count > 1 || data.encoding.table == nil:
      input = .images(shape: data.sampleShape, classes: classes)
    case .classes, .values: input = .numbers(shape: data.sampleShape, outputs)
    }
  }

  /// What is predicted of samples.
  static func outputs(of encoding: SampleEncoding) -> NetworkDescription.Outputs {
    encoding.classCount.map { .classes($0) } ?? .values(encoding.values.count)
  }

  /// - Parameter length: the number of characters of a window.
  /// - Throws: `InputError(.badData)` when the text is too short.
  init(_ text: CharacterText, length: Int) throws {
    let (train, validation) = try text.datasets(length: length)
    if let note = text.diskNote { Console.warn(note) }
    self.train = train
    measures = [Measure(name: "validation", data: validation)]
    encoding = nil
    input = .text(text.vocabulary)
  }

  /// What options name for a model.
  ///
  /// - Parameter textPath: of a model of characters; nil: samples are read.
  /// - Throws: `InputError`.
  init(for choice: ModelChoice, textPath: String?, _ source: SampleSource) throws {
    guard let textPath else {
      self.init(try source.read())
      return
    }
    try self.init(CharacterText(contentsOf: textPath), length: choice.size(.length))
  }

  /// The number of samples of a step for a table, of which there are often few.
  static let tableBatchSize = 32

  /// The number of samples of a step unless the user says otherwise.
  func defaultBatchSize(for choice: ModelChoice) -> Int {
    let size = encoding?.table == nil ? choice.kind.defaults.batchSize : Self.tableBatchSize
    return min(size, train.count)
  }

  /// The same data with weights of the classes, as `ClassWeights` reads them.
  ///
  /// - Throws: `Failure(.usage)` for weights that do not fit.
  func weighted(by text: String?) throws -> TrainingData {
    var data = self
    data.classWeights = try ClassWeights(text, for: self)
    for place in measures.indices { data.measures[place].hasClassWeights = text != nil }
    return data
  }

  /// A hash of all samples and targets, by which a run recognizes its data.
  var fingerprint: String {
    switch input {
    case .images, .numbers:
      Dataset.fingerprint(of: [train] + measures.map(\.data), encoding?.fingerprintText ?? "")
    case .text(let vocabulary):
      Dataset.fingerprint(of: [train] + measures.map(\.data), vocabulary.text)
    }
  }
}
