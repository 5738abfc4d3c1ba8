import Datasets
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Weights of classes and recalls")
struct ClassWeightsTests {
  /// Six samples of class 0 and two of class 1; class 2 has none.
  private static let data = Dataset(
    count: 8, featureCount: 1, features: .floats([1, 1, 1, 1, 1, 1, 2, 2]),
    targets: .classes([0, 0, 0, 0, 0, 0, 1, 1], classCount: 3))
  private static let training = TrainingData(
    SplitDataset(
      train: data, test: data, sampleShape: [1],
      encoding: SampleEncoding(classCount: 3, classNames: ["a", "b", "c"])))

  /// n / (k · nᵢ) with n = 8 and k = 2.
  @Test("Balanced weights make all classes count alike")
  func balanced() throws {
    let weights = try #require(try ClassWeights("balanced", for: Self.training))
    #expect(weights.values.prefix(2) == [8.0 / 12, 2])
    #expect(try ClassWeights("1, 2.5,3", for: Self.training)?.values == [1, 2.5, 3])
    #expect(try ClassWeights(nil, for: Self.training) == nil)
    #expect(throws: Failure.self) { try ClassWeights("1,2", for: Self.training) }
  }

  @Test(
    "Recalls are shares of rows of the confusion matrix, and of classes of different sizes told")
  func recalls() throws {
    let measure = try #require(Self.training.measures.first)
    #expect(measure.metrics.map(\.name) == [Metric.confusionMatrix.name])
    let trainer = try Trainer(
      Fixed(), loss: .crossEntropy, sampleShape: [1], optimizer: SGD(0), on: .cpu)
    let evaluation = try trainer.evaluate(on: Self.data, metrics: measure.metrics)
    let recalls = try #require(Recalls(evaluation))
    #expect(recalls.percents[0] == 0 && recalls.percents[1] == 50 && recalls.percents[2].isNaN)
    #expect(recalls.balancedAccuracyPercent == 25)
    #expect(
      recalls.lines("test", Self.training.encoding) == [
        "test recall of a  0.00 %   of 6", "test recall of b  50.00 %  of 2",
        "test balanced accuracy 25.00 %",
      ])
  }

  /// Class 1 for the first of the last two samples, 2 for the others.
  private struct Fixed: Module {
    let weight = Tensor.parameter(shape: [1], initializer: .constant(1))
    func callAsFunction(_ x: Tensor) -> Tensor {
      let isSeventh = x.coordinate(axis: 0).isEqual(to: 6)
      return Tensor.concatenated([x * 0, isSeventh * 3, x * 0 + 1], axis: 1) + weight * 0
    }
  }
}
