import Datasets
import Hypertower

let table = try SplitDataset.table(
  "customers.csv", TableOptions(target: "churn", missing: .mean), split: Split(validation: 0.2))
let trainer = try Trainer(
  DenseNetwork(widths: [table.train.featureCount, 32, table.encoding.outputCount]),
  loss: .negativeLogLikelihood, optimizer: Adam() / Drift(), firstStep: 1e-3,
  average: .polynomial, on: try Device.preferred(), seed: 1)
for _ in 1...20 { try trainer.train(on: table.train, batchSize: 50) }
print("validation accuracy: \(try trainer.accuracy(on: table.validation!)) %")
try trainer.save("churn.safetensors")
