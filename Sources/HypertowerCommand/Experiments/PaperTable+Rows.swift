import Datasets
import Hypertower

extension PaperTable {
  /// Tables 1 and 2 of the 2019 paper: one epoch in file order.
  private static func paper2019(
    _ number: Int, _ rows: [Row], seeds: Int, isQuick: Bool, on device: Device
  ) throws -> PaperTable {
    PaperTable(
      name: "table\(number)",
      title: "Table \(number) of the paper of 2019: \(number == 1 ? "SGD" : "Adam")",
      description: """
        One epoch of MNIST in file order, in batches of 300; 784–128–10, tanh after both layers. \
        \(Laboratory.startText(seeds: seeds))
        """,
      rows: rows, metric: .accuracy, seeds: seeds, startsFromReference: true,
      steps: isQuick ? 40 : nil,
      laboratory: try Laboratory(
        try MNIST.embedded(), batchSize: 300, isShuffled: false, on: device))
  }

  static func table1(seeds: Int, isQuick: Bool, on device: Device) throws -> PaperTable {
    try paper2019(
      1,
      [
        Row("sgd(0.01)", 77.48),
        Row("sgd(0.01) / sgd(0.01)", 88.35, rerun: 88.81),
        Row("sgd(0.01) / adam()", 86.80, rerun: 87.71),
      ], seeds: seeds, isQuick: isQuick, on: device)
  }

  static func table2(seeds: Int, isQuick: Bool, on device: Device) throws -> PaperTable {
    try paper2019(
      2,
      [
        Row("adam()", 91.09),
        Row("adam() / sgd_per_parameter(0.001) / sgd(0.0001)", 92.74, rerun: 93.74),
        Row("adam_alpha() / sgd_per_parameter(0.001) / sgd(0.0001)", 92.64, rerun: 93.42),
        Row("adam() / adam()", 94.35, rerun: 94.75),
        Row("adam_alpha() / adam()", 94.01, rerun: 94.39),
      ], seeds: seeds, isQuick: isQuick, on: device)
  }

  /// The dense network's table of the 2022 paper.
  static func table2022(seeds: Int, isQuick: Bool, on device: Device) throws -> PaperTable {
    let rows = [
      Row("sgd(0.01)", epochs: 30, 8.99),
      Row("sgd(0.01) / sgd(0.01)", epochs: 30, 4.81),
      Row("sgd(0.01) / adam(0.1)", epochs: 30, 4.86),
      Row("sgd(0.01) / adagrad(0.01)", epochs: 30, 4.85),
      Row("sgd(0.01) / rmsprop(0.1)", epochs: 30, 4.52),
      Row("adam()", epochs: 5, 4.67),
      Row("adam() / sgd(1e-5)", epochs: 5, 3.03),
      Row("adam_alpha() / sgd(1e-5)", epochs: 5, 3.12),
      Row("adam() / adam()", epochs: 5, 3.05),
      Row("adam_alpha() / adam()", epochs: 5, 3.04),
      Row("adagrad()", epochs: 5, 7.40),
      Row("adagrad() / sgd()", epochs: 5, 6.90),
      Row("adagrad() / adagrad()", epochs: 5, 5.03),
      Row("adagrad()", epochs: 30, 7.40),
      Row("adagrad() / sgd()", epochs: 30, 6.90),
      Row("adagrad() / adagrad()", epochs: 30, 5.03),
      Row("rmsprop()", epochs: 5, 4.19),
      Row("rmsprop_alpha() / sgd(1e-4)", epochs: 5, 3.55),
      Row("rmsprop() / sgd(1e-4)", epochs: 5, 3.33),
      Row("rmsprop_alpha() / rmsprop(1e-4)", epochs: 5, 3.42),
      Row("rmsprop() / rmsprop(1e-4)", epochs: 5, 2.96),
    ]
    return PaperTable(
      name: "table2022", title: "The dense network's table of the paper of 2022",
      description: """
        MNIST, shuffled, in batches of 256; 784–128–10, tanh after both layers; \
        \(seeds) seed\(seeds == 1 ? "" : "s"), mean ± standard deviation. AdaGrad stands here twice, \
        trained for 5 and for 30 epochs.
        """,
      rows: rows, metric: .error, seeds: seeds, startsFromReference: false,
      steps: isQuick ? 40 : nil,
      laboratory: try Laboratory(
        try MNIST.embedded(), batchSize: 256, isShuffled: true, on: device))
  }
}
