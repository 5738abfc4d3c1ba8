import Datasets
import Hypertower
import Testing

extension ArticleTests {
  @Test func bringYourOwnData() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/flowers.csv"
      try write(flowerTable, to: path)

      let flowers = try SplitDataset.table(
        path, TableOptions(target: "species", missing: .mean),
        split: Split(validation: 0.2, seed: 1))
      for note in flowers.notes { print(note) }

      let widths = [flowers.train.featureCount, 16, flowers.encoding.outputCount]
      let trainer = try Trainer(
        DenseNetwork(widths: widths), loss: .negativeLogLikelihood, optimizer: Adam() / Kesten(),
        firstStep: 1e-3, average: .polynomial, on: try Device.preferred(), seed: 1)
      try trainer.train(on: flowers.train, batchSize: 20, steps: 300)
      print("validation: \(try trainer.accuracy(on: flowers.validation!)) %")

      #expect(try trainer.accuracy(on: flowers.validation!) > 80)

      let sample = flowers.validation!.features(of: 0..<1)
      let outputs = try trainer.outputs(for: sample)
      let best = outputs.indices.max { outputs[$0] < outputs[$1] }!
      print("the first sample is a \(flowers.encoding.className(best))")

      #expect(["iris", "rose", "tulip"].contains(flowers.encoding.className(best)))

      let heights: [Float] = [1.5, 1.6, 1.7, 1.8]
      let weights: [Float] = [51, 62, 69, 83]
      let people = Dataset(
        count: 4, featureCount: 1, features: .floats(heights), targets: .values(weights, width: 1))

      let line = try Trainer(
        Sequential(Linear(1, 1)), loss: .meanSquaredError, sampleShape: [1],
        optimizer: SGD(0.1), on: .cpu)
      try line.train(on: people, batchSize: 4, steps: 100)
      #expect(try line.loss(on: people).isFinite)
    }
  }
}
