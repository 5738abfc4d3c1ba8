import Datasets
import Hypertower

/// What a network is trained on and measured with.
struct TrainingData {
  let train: Dataset
  /// What the network can be measured on; the first guides a run.
  let measures: [Measure]
  /// What a network for the data is given and tells apart.
  let input: NetworkDescription.Input

  init(_ images: LabelledImages) {
    train = images.train
    measures = images.measures
    input = .images(shape: images.imageShape, classes: images.classCount)
  }

  /// - Parameter length: the number of characters of a window.
  /// - Throws: `InputError(.badData)` when the text is too short.
  init(_ text: CharacterText, length: Int) throws {
    let (train, validation) = try text.datasets(length: length)
    self.train = train
    measures = [Measure(name: "validation", data: validation)]
    input = .text(text.vocabulary)
  }

  /// What options name for a model.
  ///
  /// - Parameters:
  ///   - textPath: of a model of characters; nil: images are read.
  ///   - validationShare: see `DataOptions.images`.
  /// - Throws: `InputError`.
  init(
    for choice: ModelChoice, textPath: String?, _ options: DataOptions,
    validationShare: Double? = nil
  ) throws {
    guard let textPath else {
      self.init(try options.images(validationShare: validationShare))
      return
    }
    try self.init(CharacterText(contentsOf: textPath), length: choice.size(.length))
  }

  /// A hash of all samples and targets, by which a run recognizes its data.
  var fingerprint: String {
    switch input {
    case .images: Dataset.fingerprint(of: [train] + measures.map(\.data))
    case .text(let vocabulary):
      Dataset.fingerprint(of: [train] + measures.map(\.data), vocabulary.text)
    }
  }
}
