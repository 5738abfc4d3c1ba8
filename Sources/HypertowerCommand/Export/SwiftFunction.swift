/// The functions of exported Swift sources. Sums are in float64; sequences are `[time, width]`, images
/// `[channels, height, width]`.
enum SwiftFunction: String, CaseIterable, CustomStringConvertible {
  case linear
  case hyperbolicTangent
  case relu
  case gelu
  case logSoftmax
  case convolution
  case maxPool
  case globalAveragePool
  case embedding
  case sum
  case layerNorm
  case causalAttention
  case sigmoid
  case lstm
  case gru
  case shortcut

  var description: String { rawValue }

  /// The functions that this one calls.
  var needs: [SwiftFunction] {
    switch self {
    case .lstm, .gru: [.linear, .sigmoid]
    case .linear, .hyperbolicTangent, .relu, .gelu, .logSoftmax, .convolution, .maxPool,
      .globalAveragePool, .embedding, .sum, .layerNorm, .causalAttention, .sigmoid, .shortcut:
      []
    }
  }

  var source: String {
    switch self {
    case .linear:
      """
      /// x·Wᵀ + b, [rows, in] → [rows, out]
      private func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let rows = x.elements.count / inputs
        var result = [Float](repeating: 0, count: rows * outputs)
        for row in 0..<rows {
          for output in 0..<outputs {
            var sum = Double(bias.elements[output])
            for input in 0..<inputs {
              sum += Double(x.elements[row * inputs + input]) * Double(weight.elements[output * inputs + input])
            }
            result[row * outputs + output] = Float(sum)
          }
        }
        return Tensor(result, x.shape.dropLast() + [outputs])
      }
      """
    case .hyperbolicTangent:
      """
      private func hyperbolicTangent(_ x: Tensor) -> Tensor {
        Tensor(x.elements.map { tanh($0) }, x.shape)
      }
      """
    case .relu:
      """
      private func relu(_ x: Tensor) -> Tensor { Tensor(x.elements.map { $0 < 0 ? 0 : $0 }, x.shape) }
      """
    case .gelu:
      """
      private func gelu(_ x: Tensor) -> Tensor {
        Tensor(x.elements.map { Float(0.5 * Double($0) * (1 + erf(Double($0) * 0.5.squareRoot()))) }, x.shape)
      }
      """
    case .logSoftmax:
      """
      /// Along the last axis.
      private func logSoftmax(_ x: Tensor) -> Tensor {
        let width = x.shape[x.shape.count - 1]
        var result = x
        for start in stride(from: 0, to: x.elements.count, by: width) {
          let row = x.elements[start..<start + width]
          let greatest = Double(row.max()!)
          let logarithm = greatest + log(row.reduce(0.0) { $0 + exp(Double($1) - greatest) })
          for place in start..<start + width {
            result.elements[place] = Float(Double(x.elements[place]) - logarithm)
          }
        }
        return result
      }
      """
    case .convolution:
      """
      private func convolution(
        _ x: Tensor, _ weight: Tensor, _ bias: Tensor, stride: Int, padding: Int
      ) -> Tensor {
        let (channels, height, width) = (x.shape[0], x.shape[1], x.shape[2])
        let (outputs, side) = (weight.shape[0], weight.shape[2])
        let rows = (height + 2 * padding - side) / stride + 1
        let columns = (width + 2 * padding - side) / stride + 1
        var result = [Float](repeating: 0, count: outputs * rows * columns)
        for output in 0..<outputs {
          for row in 0..<rows {
            for column in 0..<columns {
              var sum = Double(bias.elements[output])
              for channel in 0..<channels {
                for i in 0..<side {
                  let y = row * stride + i - padding
                  if y < 0 || y >= height { continue }
                  for j in 0..<side {
                    let z = column * stride + j - padding
                    if z < 0 || z >= width { continue }
                    sum += Double(x.elements[(channel * height + y) * width + z])
                      * Double(weight.elements[((output * channels + channel) * side + i) * side + j])
                  }
                }
              }
              result[(output * rows + row) * columns + column] = Float(sum)
            }
          }
        }
        return Tensor(result, [outputs, rows, columns])
      }
      """
    case .maxPool:
      """
      /// NaN where a window has one.
      private func maxPool(_ x: Tensor, side: Int) -> Tensor {
        let (channels, height, width) = (x.shape[0], x.shape[1], x.shape[2])
        let (rows, columns) = (height / side, width / side)
        var result = [Float](repeating: -.infinity, count: channels * rows * columns)
        for channel in 0..<channels {
          for y in 0..<rows * side {
            for z in 0..<columns * side {
              let place = (channel * rows + y / side) * columns + z / side
              let value = x.elements[(channel * height + y) * width + z]
              if value > result[place] || value.isNaN { result[place] = value }
            }
          }
        }
        return Tensor(result, [channels, rows, columns])
      }
      """
    case .globalAveragePool:
      """
      private func globalAveragePool(_ x: Tensor) -> Tensor {
        let size = x.shape[1] * x.shape[2]
        let means = (0..<x.shape[0]).map { channel in
          Float(x.elements[channel * size..<(channel + 1) * size].reduce(0.0) { $0 + Double($1) } / Double(size))
        }
        return Tensor(means, [x.shape[0]])
      }
      """
    case .embedding:
      """
      private func embedding(_ x: Tensor, _ table: Tensor) -> Tensor {
        let width = table.shape[1]
        return Tensor(
          x.elements.flatMap { table.elements[Int($0) * width..<(Int($0) + 1) * width] }, x.shape + [width])
      }
      """
    case .sum:
      """
      private func sum(_ x: Tensor, _ other: Tensor) -> Tensor {
        Tensor(zip(x.elements, other.elements).map { $0 + $1 }, x.shape)
      }
      """
    case .layerNorm:
      """
      /// (x − mean) / √(variance + ε) · weight + bias, along the last axis.
      private func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Double) -> Tensor {
        let width = weight.elements.count
        var result = x
        for start in stride(from: 0, to: x.elements.count, by: width) {
          let row = x.elements[start..<start + width].map { Double($0) }
          let mean = row.reduce(0, +) / Double(width)
          let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
          let factor = 1 / (variance + epsilon).squareRoot()
          for place in 0..<width {
            result.elements[start + place] = Float(
              (row[place] - mean) * factor * Double(weight.elements[place]) + Double(bias.elements[place]))
          }
        }
        return result
      }
      """
    case .causalAttention:
      """
      /// softmax(Q·Kᵀ / √depth) · V for each head, of what comes no later; [time, 3 · width] → [time, width]
      private func causalAttention(_ x: Tensor, heads: Int) -> Tensor {
        let (time, width) = (x.shape[0], x.shape[1] / 3)
        let depth = width / heads
        let scale = 1 / Double(depth).squareRoot()
        var result = [Float](repeating: 0, count: time * width)
        for head in 0..<heads {
          for query in 0..<time {
            let start = query * 3 * width + head * depth
            var scores = (0...query).map { key in
              let other = key * 3 * width + width + head * depth
              return scale
                * (0..<depth).reduce(0.0) { $0 + Double(x.elements[start + $1]) * Double(x.elements[other + $1]) }
            }
            let greatest = scores.max()!
            scores = scores.map { exp($0 - greatest) }
            let total = scores.reduce(0, +)
            for place in 0..<depth {
              let mean = (0...query).reduce(0.0) { sum, key in
                sum + scores[key] * Double(x.elements[key * 3 * width + 2 * width + head * depth + place])
              }
              result[query * width + head * depth + place] = Float(mean / total)
            }
          }
        }
        return Tensor(result, [time, width])
      }
      """
    case .sigmoid:
      """
      private func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
      """
    case .lstm:
      """
      /// i, f, g, o = W·x + U·h + b; c ← σ(f)·c + σ(i)·tanh g, h ← σ(o)·tanh c; [time, in] → [time, hidden]
      private func lstm(_ x: Tensor, _ input: Tensor, _ hidden: Tensor, _ bias: Tensor) -> Tensor {
        let (time, size) = (x.shape[0], hidden.shape[1])
        let sums = linear(x, input, bias)
        let none = Tensor([Float](repeating: 0, count: 4 * size), [4 * size])
        var h = Tensor([Float](repeating: 0, count: size), [size])
        var c = h.elements
        var result: [Float] = []
        for step in 0..<time {
          let own = linear(h, hidden, none).elements
          for unit in 0..<size {
            func gate(_ number: Int) -> Float {
              sums.elements[step * 4 * size + number * size + unit] + own[number * size + unit]
            }
            c[unit] = sigmoid(gate(1)) * c[unit] + sigmoid(gate(0)) * tanh(gate(2))
            h.elements[unit] = sigmoid(gate(3)) * tanh(c[unit])
          }
          result += h.elements
        }
        return Tensor(result, [time, size])
      }
      """
    case .gru:
      """
      /// r, z = σ(W·x + U·h + b); n = tanh(W·x + b + r·(U·h + b)); h ← (1 − z)·n + z·h; [time, in] → [time, hidden]
      private func gru(
        _ x: Tensor, _ input: Tensor, _ hidden: Tensor, _ inputBias: Tensor, _ hiddenBias: Tensor
      ) -> Tensor {
        let (time, size) = (x.shape[0], hidden.shape[1])
        let sums = linear(x, input, inputBias)
        var h = Tensor([Float](repeating: 0, count: size), [size])
        var result: [Float] = []
        for step in 0..<time {
          let own = linear(h, hidden, hiddenBias).elements
          for unit in 0..<size {
            func sum(_ number: Int) -> Float { sums.elements[step * 3 * size + number * size + unit] }
            let r = sigmoid(sum(0) + own[unit])
            let z = sigmoid(sum(1) + own[size + unit])
            let n = tanh(sum(2) + r * own[2 * size + unit])
            h.elements[unit] = (1 - z) * n + z * h.elements[unit]
          }
          result += h.elements
        }
        return Tensor(result, [time, size])
      }
      """
    case .shortcut:
      """
      /// Every so many rows and columns of an image, and zeros for the channels that are new.
      private func shortcut(_ x: Tensor, stride step: Int, newChannels: Int) -> Tensor {
        let (channels, height, width) = (x.shape[0], x.shape[1], x.shape[2])
        let (rows, columns) = ((height + step - 1) / step, (width + step - 1) / step)
        var result: [Float] = []
        for channel in 0..<channels {
          for y in stride(from: 0, to: height, by: step) {
            for z in stride(from: 0, to: width, by: step) {
              result.append(x.elements[(channel * height + y) * width + z])
            }
          }
        }
        result += [Float](repeating: 0, count: newChannels * rows * columns)
        return Tensor(result, [channels + newChannels, rows, columns])
      }
      """
    }
  }
}
