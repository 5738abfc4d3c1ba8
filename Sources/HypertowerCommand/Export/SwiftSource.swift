import Datasets
import Hypertower

/// A network as a Swift source file that needs nothing else: its weights, its layers, and the functions of these.
struct SwiftSource {
  /// The first line, by which a file is known to be this program's.
  static let beginning = "// A network that hypertower has exported: it needs no other file.\n"

  private var constants: [String] = []
  private var functions: Set<SwiftFunction> = []

  /// The source of a network.
  ///
  /// - Parameters:
  ///   - network: the network.
  ///   - data: what its inputs and outputs mean, as JSON; default: nothing is known.
  ///   - divisor: what features were divided by; default: what suits their type.
  static func text(
    of network: InferenceNetwork, data: String = "", divisor: String? = nil
  ) -> String {
    var source = SwiftSource()
    let calls = source.calls(network.layers)
    let (element, what) =
      switch network.input {
      case .features(let shape):
        (
          "Float",
          "the \(shape.reduce(1, *)) features of a sample, \(shape), scaled as in training"
            + (divisor.map { ": divided by \($0)" } ?? "")
        )
      case .tokens(let length, _):
        ("Int", "the numbers of \(length) characters in `vocabulary`")
      }
    let outputs =
      network.predictsValues
      ? "The values, as training scaled them"
      : "The log-probabilities of "
        + (network.outputShape.count > 1 ? "what follows each character" : "the classes")
    let inputCount = network.inputShape.reduce(1, *)
    let meaning =
      data.isEmpty
      ? ""
      : """

        /// What the inputs and outputs mean, as one JSON object.
        public static let data = \(literal(data))

      """
    let vocabulary: String
    if case .tokens(_, let own) = network.input {
      vocabulary = """

          /// The characters, in the order of their numbers.
          public static let vocabulary: [Unicode.Scalar] = [
            \(own.text.unicodeScalars.map { "\"\\u{\(String($0.value, radix: 16))}\"" }.joined(separator: ", "))
          ]

        """
    } else {
      vocabulary = ""
    }
    let used = SwiftFunction.allCases.filter(source.functions.contains)
    return """
      \(beginning)
      #if canImport(Glibc)
        import Glibc
      #elseif canImport(Musl)
        import Musl
      #elseif canImport(Darwin)
        import Darwin
      #elseif canImport(ucrt)
        import ucrt
      #endif

      /// A trained network.
      public enum Network {\(meaning)\(vocabulary)
        /// \(outputs), \(network.outputShape).
        ///
        /// - Parameter input: \(what).
        public static func \(network.predictsValues ? "values" : "logProbabilities")(_ input: [\(element)]) -> [Float] {
          precondition(input.count == \(inputCount), "Network: \\(input.count) numbers, expected \(inputCount)")
      \(calls.isEmpty ? "" : "    var x = Tensor(input.map { Float($0) }, \(network.inputShape))\n" + calls.map { "    " + $0 }.joined(separator: "\n"))
          return x.elements
        }

      \(source.constants.map { "  " + $0 }.joined(separator: "\n"))
      }

      /// An array of numbers, row after row.
      private struct Tensor {
        var elements: [Float]
        var shape: [Int]

        init(_ elements: [Float], _ shape: [Int]) {
          (self.elements, self.shape) = (elements, shape)
        }

        /// Numbers in float32, little-endian, as text in base 64.
        init(base64 text: StaticString, _ shape: [Int]) {
          var elements: [Float] = []
          elements.reserveCapacity(shape.reduce(1, *))
          var (bits, count, word, bytes): (UInt32, Int, UInt32, Int) = (0, 0, 0, 0)
          text.withUTF8Buffer { text in
            for digit in text where digit != 0x3D {
              let value: UInt8 =
                switch digit {
                case 0x41...0x5A: digit - 0x41
                case 0x61...0x7A: digit - 0x61 + 26
                case 0x30...0x39: digit - 0x30 + 52
                case 0x2B: 62
                default: 63
                }
              (bits, count) = (bits << 6 | UInt32(value), count + 6)
              guard count >= 8 else { continue }
              count -= 8
              word = word >> 8 | (bits >> UInt32(count) & 0xFF) << 24
              bytes += 1
              if bytes % 4 == 0 { elements.append(Float(bitPattern: word)) }
            }
          }
          self.init(elements, shape)
        }
      }

      \(used.map(\.source).joined(separator: "\n\n"))

      """
  }

  /// A text without control characters as it stands in a source file.
  ///
  /// Scalars count, to which compilers look: a mark joins a quotation mark before it to one character.
  private static func literal(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      scalar == "\\" || scalar == "\"" ? "\\\(scalar)" : "\(scalar)"
    }
    return "\"" + escaped.joined() + "\""
  }

  private mutating func constant(_ elements: [Float], _ shape: [Int]) -> String {
    let name = "weights\(constants.count)"
    constants.append(
      "private static let \(name) = Tensor(base64: \"\(Base64.text(of: elements.littleEndianBytes))\", \(shape))"
    )
    return name
  }

  private mutating func constant(_ weights: InferenceNetwork.Weights) -> String {
    constant(weights.elements, weights.shape)
  }

  private mutating func call(_ function: SwiftFunction, _ arguments: String...) -> [String] {
    functions.insert(function)
    functions.formUnion(function.needs)
    return ["x = \(function)(\((["x"] + arguments).joined(separator: ", ")))"]
  }

  private mutating func calls(_ layers: [InferenceNetwork.Layer]) -> [String] {
    layers.flatMap { calls($0) }
  }

  private mutating func calls(_ layer: InferenceNetwork.Layer) -> [String] {
    switch layer {
    case .linear(let weight, let bias):
      let bias = bias ?? [Float](repeating: 0, count: weight.shape[0])
      return call(.linear, constant(weight), constant(bias, [bias.count]))
    case .tanh: return call(.hyperbolicTangent)
    case .relu: return call(.relu)
    case .gelu: return call(.gelu)
    case .logSoftmax: return call(.logSoftmax)
    case .convolution(let weight, let bias, let stride, let padding):
      return call(
        .convolution, constant(weight), constant(bias, [bias.count]), "stride: \(stride)",
        "padding: \(padding)")
    case .maxPool(let side): return call(.maxPool, "side: \(side)")
    case .globalAveragePool: return call(.globalAveragePool)
    case .flatten: return ["x.shape = [x.elements.count]"]
    case .embedding(let table): return call(.embedding, constant(table))
    case .positions(let rows): return call(.sum, constant(rows))
    case .layerNorm(let weight, let bias, let epsilon):
      return call(
        .layerNorm, constant(weight, [weight.count]), constant(bias, [bias.count]),
        "epsilon: \(epsilon)")
    case .causalAttention(let heads): return call(.causalAttention, "heads: \(heads)")
    case .lstm(let own):
      return call(
        .lstm, constant(own.input), constant(own.hidden),
        constant(zip(own.inputBias, own.hiddenBias).map { $0 + $1 }, [own.inputBias.count]))
    case .gru(let own):
      return call(
        .gru, constant(own.input), constant(own.hidden),
        constant(own.inputBias, [own.inputBias.count]),
        constant(own.hiddenBias, [own.hiddenBias.count]))
    case .residual(let layers, let stride, let newChannels):
      let name = "shortcut\(constants.count)"
      let inner = calls(layers)
      functions.insert(.sum)
      var shortcut = name
      if stride > 1 || newChannels > 0 {
        functions.insert(.shortcut)
        shortcut = "shortcut(\(name), stride: \(stride), newChannels: \(newChannels))"
      }
      return ["let \(name) = x"] + inner + ["x = sum(x, \(shortcut))"]
    }
  }
}
