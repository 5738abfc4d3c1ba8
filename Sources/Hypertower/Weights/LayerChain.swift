/// The dense layers of a file in the order in which a network applies them, as it follows from their
/// shapes and from the numbers in their names.
///
/// The order of tensors in a file tells nothing: PyTorch's writer sorts them by their names.
struct LayerChain {
  /// The layers, the one that takes the inputs first.
  let layers: [LayerTensors]

  /// The most layers that are put in order; each is a level of recursion.
  private static let mostLayers = 256

  /// The only chain of layers that fits.
  ///
  /// - Parameters:
  ///   - inputs: the number of inputs of the first layer.
  ///   - outputs: the number of outputs of the last layer.
  ///   - widths: those of the network from the inputs to the outputs; nil: any.
  ///   - source: what error messages call the file.
  /// - Throws: `InputError(.badData)` if no chain fits, or several do, or a layer's bias is
  ///   in doubt.
  init(
    in file: SafetensorsFile, inputs: Int, outputs: Int, widths: [Int]? = nil, source: String
  ) throws {
    let all = try LayerTensors.all(in: file, source: source)
    func fault(_ message: String) -> InputError { InputError(.badData, "\(source): \(message)") }
    guard !all.isEmpty else {
      throw fault(
        "holds no weights of dense layers: expected w1, b1, w2, b2, … or names such as fc1.weight "
          + "and fc1.bias; it has \(listed(file.entries.map(\.name)))")
    }
    guard all.count <= Self.mostLayers else {
      throw fault(
        "\(all.count) matrices are too many to be put in order: name the tensors w1, b1, w2, b2, …")
    }
    func chains(_ layers: [LayerTensors], usesAll: Bool, followsNumbers: Bool) -> [[LayerTensors]] {
      var search = ChainSearch(
        layers, from: inputs, to: outputs, widths: widths, usesAll: usesAll,
        followsNumbers: followsNumbers)
      return search.run()
    }
    for usesAll in [true, false] {
      var found = chains(all, usesAll: usesAll, followsNumbers: false)
      if found.count > 1 {
        let numbered = chains(all, usesAll: usesAll, followsNumbers: true)
        guard numbered.count == 1 else {
          let orders = Set(
            (numbered.isEmpty ? found : numbered).map { listed($0.map(\.weight.name)) }
          )
          .sorted().joined(separator: ", or ")
          throw fault(
            "the order of its layers cannot be told from their shapes and names: it could be \(orders)"
              + "; name the tensors w1, b1, w2, b2, … in their order")
        }
        found = numbered
      }
      guard let chain = found.first else { continue }
      if let other = Self.continuation(of: chain, among: all) {
        throw fault(
          "holds another network than one of \(inputs) inputs and \(outputs) outputs: \(other) goes "
            + "with \(listed(chain.map(\.description)))")
      }
      layers = chain
      return
    }
    let wanted =
      widths.map { widths in
        "do not have the shapes that the model needs, "
          + listed(zip(widths.dropFirst(), widths).map { "[\($0), \($1)]" })
      } ?? "do not lead from \(inputs) inputs to \(outputs) classes"
    let transposed = all.map { layer in
      var layer = layer
      layer.isTransposed = true
      return layer
    }
    let hint =
      chains(transposed, usesAll: true, followsNumbers: false).isEmpty
      ? ""
      : "; they do once transposed: Keras and Flax store [inputs, outputs], here it is [outputs, "
        + "inputs]"
    throw fault("its layers, \(listed(all.map(\.description))), \(wanted)\(hint)")
  }

  /// A layer outside of `chain` that would make a larger network of it.
  private static func continuation(
    of chain: [LayerTensors], among all: [LayerTensors]
  ) -> LayerTensors? {
    let names = Set(chain.map(\.weight.name))
    let templates = Set(chain.map(\.name.template))
    return all.first { layer in
      !names.contains(layer.weight.name)
        && (layer.inputs == chain[chain.count - 1].outputs || layer.outputs == chain[0].inputs
          || templates.contains(layer.name.template))
    }
  }
}

/// Walks from layer to layer along equal widths.
private struct ChainSearch {
  /// Enough for all that is no riddle; what takes more counts as ambiguous.
  private static let mostSteps = 20_000

  private let layers: [LayerTensors]
  /// The layers that take so many inputs.
  private let byInputs: [Int: [Int]]
  private let start: Int
  private let end: Int
  private let widths: [Int]?
  private let usesAll: Bool
  private let followsNumbers: Bool
  private var path: [Int] = []
  private var found: [[Int]] = []
  private var steps = 0

  init(
    _ layers: [LayerTensors], from start: Int, to end: Int, widths: [Int]?, usesAll: Bool,
    followsNumbers: Bool
  ) {
    self.layers = layers
    byInputs = Dictionary(grouping: layers.indices) { layers[$0].inputs }
    (self.start, self.end, self.widths) = (start, end, widths)
    (self.usesAll, self.followsNumbers) = (usesAll, followsNumbers)
  }

  /// At most two chains: one, or a proof that there are several.
  mutating func run() -> [[LayerTensors]] {
    // Without this, equal layers that lead nowhere would be tried in every order.
    let isPossible =
      usesAll ? isBalanced : layers.contains { $0.outputs == end } && byInputs[start] != nil
    guard isPossible else { return [] }
    extend(from: start)
    if steps >= Self.mostSteps, let first = found.first { found = [first, first] }
    return found.map { $0.map { layers[$0] } }
  }

  /// Whether as many layers lead to each width as go on from it, the ends apart.
  private var isBalanced: Bool {
    var surplus = [start: 1]
    surplus[end, default: 0] -= 1
    for layer in layers {
      surplus[layer.inputs, default: 0] -= 1
      surplus[layer.outputs, default: 0] += 1
    }
    return surplus.values.allSatisfy { $0 == 0 }
  }

  private mutating func extend(from width: Int) {
    steps += 1
    if width == end, !path.isEmpty, !usesAll || path.count == layers.count,
      widths.map({ path.count == $0.count - 1 }) ?? true
    {
      found.append(path)
    }
    for next in byInputs[width] ?? [] where fits(next) {
      guard found.count < 2, steps < Self.mostSteps else { return }
      path.append(next)
      extend(from: layers[next].outputs)
      path.removeLast()
    }
  }

  private func fits(_ next: Int) -> Bool {
    if path.contains(next) { return false }
    if let widths {
      guard path.count + 1 < widths.count, layers[next].outputs == widths[path.count + 1] else {
        return false
      }
    }
    return !followsNumbers || !path.contains { layers[$0].name.comes(after: layers[next].name) }
  }
}
