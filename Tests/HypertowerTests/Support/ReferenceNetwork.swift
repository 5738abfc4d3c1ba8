import Glibc

/// Two dense layers with tanh after both, log-softmax and negative log-likelihood, by hand and in
/// Double: the network of the tower paper, small.
struct ReferenceNetwork {
  let inputs: Int
  let hidden: Int
  let outputs: Int

  /// w1 `[hidden, inputs]`, b1, w2 `[outputs, hidden]`, b2, one after another.
  var sizes: [Int] { [hidden * inputs, hidden, outputs * hidden, outputs] }
  /// The tensor that each weight belongs to.
  var tensors: [Int] { sizes.enumerated().flatMap { Array(repeating: $0, count: $1) } }

  /// The mean loss over some samples, and the gradient by the weights.
  func loss(
    _ weights: [Double], _ samples: [(x: [Float], label: Int)]
  ) -> (loss: Double, gradient: [Double]) {
    let b1 = sizes[0]
    let w2 = b1 + sizes[1]
    let b2 = w2 + sizes[2]
    var total = 0.0
    var gradient = [Double](repeating: 0, count: weights.count)
    for (x, label) in samples {
      let h = (0..<hidden).map { j in
        tanh(
          (0..<inputs).reduce(weights[b1 + j]) { $0 + weights[j * inputs + $1] * Double(x[$1]) })
      }
      let y = (0..<outputs).map { o in
        tanh((0..<hidden).reduce(weights[b2 + o]) { $0 + weights[w2 + o * hidden + $1] * h[$1] })
      }
      let sum = y.reduce(0) { $0 + exp($1) }
      total -= y[label] - log(sum)

      var dh = [Double](repeating: 0, count: hidden)
      for o in 0..<outputs {
        let dy = (exp(y[o]) / sum - (o == label ? 1 : 0)) / Double(samples.count)
        let dz = dy * (1 - y[o] * y[o])
        gradient[b2 + o] += dz
        for j in 0..<hidden {
          gradient[w2 + o * hidden + j] += dz * h[j]
          dh[j] += dz * weights[w2 + o * hidden + j]
        }
      }
      for j in 0..<hidden {
        let dz = dh[j] * (1 - h[j] * h[j])
        gradient[b1 + j] += dz
        for i in 0..<inputs { gradient[j * inputs + i] += dz * Double(x[i]) }
      }
    }
    return (total / Double(samples.count), gradient)
  }
}
