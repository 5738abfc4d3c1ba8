/// A dense layer as a file of weights holds it: a matrix and a vector whose names differ in one word,
/// such as `fc1.weight` and `fc1.bias`.
struct LayerTensors {
  /// A matrix, `[outputs, inputs]`.
  let weight: SafetensorsFile.Entry
  /// A vector, `[outputs]`; nil if the file has none.
  let bias: SafetensorsFile.Entry?
  /// What the bias is called, or would be.
  let biasName: String
  let name: NumberedName
  /// Whether the matrix is taken to be `[inputs, outputs]`.
  var isTransposed = false

  var inputs: Int { weight.shape[isTransposed ? 0 : 1] }
  var outputs: Int { weight.shape[isTransposed ? 1 : 0] }

  /// The dense layers of a file: all matrices whose names end in `weight`, `kernel`, or `w`, perhaps
  /// with a number behind, each with its bias.
  ///
  /// - Parameter source: what error messages call the file.
  /// - Throws: `InputError(.badData)` where several tensors could be a layer's bias, and none has just
  ///   the name that goes with the matrix's.
  static func all(in file: SafetensorsFile, source: String) throws -> [LayerTensors] {
    var biases: [String: [SafetensorsFile.Entry]] = [:]
    for entry in file.entries {
      guard let role = Role(of: entry.name), role.isBias else { continue }
      biases[role.layer, default: []].append(entry)
    }
    return try file.entries.compactMap { entry in
      guard entry.shape.count == 2, entry.shape.allSatisfy({ $0 > 0 }),
        let role = Role(of: entry.name), !role.isBias
      else { return nil }
      let candidates = biases[role.layer] ?? []
      let bias = candidates.first { $0.name == role.partner } ?? candidates.first
      guard candidates.count <= 1 || bias?.name == role.partner else {
        throw InputError(
          .badData,
          "\(source): the bias of \(entry.name) could be \(listed(candidates.map(\.name))): name it "
            + role.partner)
      }
      return LayerTensors(
        weight: entry, bias: bias, biasName: role.partner, name: NumberedName(entry.name))
    }
  }
}

extension LayerTensors: CustomStringConvertible {
  var description: String { "\(weight.name) \(weight.shape)" }
}

/// What a tensor is for its layer, by its name.
private struct Role {
  let isBias: Bool
  /// The name without the word that tells the role.
  let layer: String
  /// The name of the layer's other tensor.
  let partner: String

  private static let biasWords = [
    "weight": "bias", "weights": "biases", "kernel": "bias", "kernels": "biases", "w": "b",
  ]

  /// Nil for the name of a tensor with another role, such as `running_mean` or `weight.exp_avg`.
  init?(of name: String) {
    var words = NumberedName.words(of: name).map(String.init)
    guard let place = words.lastIndex(where: { $0.contains(where: \.isLetter) }) else { return nil }
    let word = words[place].lowercased()
    if let bias = Self.biasWords[word] {
      isBias = false
      words[place] = words[place].first!.isUppercase && bias == "b" ? "B" : bias
    } else if Self.biasWords.values.contains(word) {
      isBias = true
    } else {
      return nil
    }
    partner = words.joined()
    words[place] = "\0"
    layer = words.joined()
  }
}
