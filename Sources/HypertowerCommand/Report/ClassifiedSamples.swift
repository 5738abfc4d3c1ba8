import Glibc
import Hypertower

/// What a classifier makes of the samples of a data set.
struct ClassifiedSamples {
  /// A sample that was taken for another class.
  struct Mistake {
    let sample: Int
    let label: Int
    let guess: Int
    /// The probability of the sample's own class.
    let probability: Double
  }

  /// A class, and the one that samples of it were taken for.
  struct Pair: Hashable {
    let label: Int
    let guess: Int
  }

  let classCount: Int
  /// How many samples of a class were taken for a class, for those that some were.
  private(set) var confusion: [Pair: Int] = [:]
  /// The least likely own classes first.
  private(set) var worst: [Mistake] = []

  private static let mostMistakes = 24
  private static let batchSize = 100

  /// - Precondition: the targets are classes.
  /// - Throws: what the device reports.
  init(_ data: Dataset, by trainer: Trainer, classCount: Int) throws {
    self.classCount = classCount
    let batchSize = min(Self.batchSize, data.count)
    for start in stride(from: 0, to: data.count, by: batchSize) {
      let samples = start..<min(start + batchSize, data.count)
      var inputs = data.features(of: samples)
      inputs += [Float](
        repeating: 0, count: (batchSize - samples.count) * data.featureCount)
      let outputs = try trainer.outputs(for: inputs)
      let labels = try data.targetRows.floats(of: samples)
      for (row, sample) in samples.enumerated() {
        add(sample, Int(labels[row]), outputs[row * classCount..<(row + 1) * classCount])
      }
    }
  }

  /// - Parameter outputs: logits or log-probabilities.
  private mutating func add(_ sample: Int, _ label: Int, _ outputs: ArraySlice<Double>) {
    let greatest = outputs.max()!
    guard let guess = outputs.firstIndex(of: greatest).map({ $0 - outputs.startIndex }) else {
      return
    }
    confusion[Pair(label: label, guess: guess), default: 0] += 1
    guard guess != label else { return }
    let sum = outputs.reduce(0) { $0 + exp($1 - greatest) }
    let probability = exp(outputs[outputs.startIndex + label] - greatest) / sum
    let mistake = Mistake(sample: sample, label: label, guess: guess, probability: probability)
    let place = worst.firstIndex { $0.probability > probability } ?? worst.count
    worst.insert(mistake, at: place)
    if worst.count > Self.mostMistakes { worst.removeLast() }
  }

  /// The pairs of different classes, those that were confused most often first.
  var confusedPairs: [(label: Int, guess: Int, count: Int)] {
    confusion.filter { $0.key.label != $0.key.guess }.map { ($0.key.label, $0.key.guess, $0.value) }
      .sorted { ($1.count, $0.label, $0.guess) < ($0.count, $1.label, $1.guess) }
  }
}
