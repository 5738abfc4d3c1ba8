import Hypertower
import Datasets
import FoundationEssentials
struct G: Decodable { struct R: Decodable { let losses: [Double]; let test_accuracy_percent: Double; let hyperparameters_after_step: [String: [[String: Double]]] }
  let name: String; let batch: Int; let steps: Int; let hidden: Int; let float32: R; let float64: R }
let mnist = try MNIST.embedded()
let cases: [(String, Tower)] = [
 ("sgd", SGD().tower), ("sgd-sgd", SGD()/SGD()), ("sgd-adam", SGD()/Adam()), ("adam", Adam().tower), ("adam-adam", Adam()/Adam()),
 ("adam_alpha-adam", Adam(tunesOnlyLearningRate: true)/Adam()), ("sgd-height-4", SGD()/SGD()/SGD()/SGD()/SGD()),
 ("adagrad-adagrad", AdaGrad()/AdaGrad()), ("momentum-sgd", SGD(0.01, momentum: 0.9)/SGD(1e-5)), ("rmsprop-sgd", RMSProp(0.001)/SGD(1e-5)),
 ("rmsprop_alpha-rmsprop", RMSProp(0.001, tunesOnlyLearningRate: true)/RMSProp(1e-6)),
 ("adam-sgd_per_parameter-sgd", Adam()/SGDPerParameter(0.001)/SGD(0.0001)), ("adam_alpha-sgd_per_parameter-sgd", Adam(tunesOnlyLearningRate: true)/SGDPerParameter(0.001)/SGD(0.0001)),
]
let args = CommandLine.arguments
for (name, tower) in cases where args.count < 3 || args[2] == name {
  let g = try JSONDecoder().decode(G.self, from: Data(contentsOf: URL(filePath: "Tests/HypertowerTests/Golden/\(name).json")))
  let device = args[1] == "cpu" ? Device.cpu : args[1] == "cpu64" ? Device.cpu64 : try Device.named(args[1])
  let r = args[1] == "cpu64" ? g.float64 : g.float32
  let trainer = try Trainer(DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood, optimizer: tower, on: device)
  try trainer.load("Tests/HypertowerTests/Golden/init-128-0x42.safetensors")
  var worst = 0.0, worst20 = 0.0, worstH = 0.0
  let clock = ContinuousClock(); let start = clock.now
  try trainer.train(on: mnist.train, batchSize: 300, shuffled: false) { records in
    for x in records { let d = abs(x.loss - r.losses[x.step]); worst = max(worst, d); if x.step < 20 { worst20 = max(worst20, d) }
      if let h = r.hyperparameters_after_step["\(x.step)"] { for (mine, ref) in zip(x.rawHyperparameters, h) { for (n, v) in mine { worstH = max(worstH, abs(v - ref[n]!) / abs(ref[n]!)) } } }
    }
  }
  let time = clock.now - start
  let acc = try trainer.accuracy(on: mnist.test)
  print(name, worst, worst20, worstH, acc, r.test_accuracy_percent, time, clock.now - start)
}
