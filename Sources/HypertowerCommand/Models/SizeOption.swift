import ArgumentParser

/// A size of a model that an option sets.
enum SizeOption: String, CaseIterable {
  case hidden
  case channels
  case kernel
  case embedding
  case layers
  case width
  case heads
  case length

  /// How many numbers it is; nil: any number of them.
  private var count: Int? {
    switch self {
    case .hidden: nil
    case .channels: 2
    case .kernel, .embedding, .layers, .width, .heads, .length: 1
    }
  }

  private var range: ClosedRange<Int> {
    switch self {
    // Beyond all layers that fit into a machine, and far from where numbers overflow.
    case .hidden: 1...1 << 24
    case .channels, .embedding, .width, .heads, .length: 1...65_536
    case .kernel, .layers: 1...1024
    }
  }

  private var meaning: String {
    switch self {
    case .hidden: "The widths of the hidden layers, from the input on: a list such as 256,128"
    case .channels: "The numbers of the convolutions' outputs"
    case .kernel: "The side of the convolutions' windows"
    case .embedding: "The width of a character's embedding"
    case .layers: "The number of layers"
    case .width: "The width of the layers"
    case .heads: "The number of attention's heads, which divides --width"
    case .length: "The number of characters of a sample"
    }
  }

  private var valueName: String {
    switch self {
    case .hidden: "widths"
    case .channels: "n,n"
    case .kernel, .embedding, .layers, .width, .heads, .length: "n"
    }
  }

  /// What it means, for which models, and their defaults.
  var help: ArgumentHelp {
    let defaults = ModelKind.allCases.compactMap { model in
      model.defaults.sizes[self].map { (model: model.rawValue, value: "\(IntegerList($0))") }
    }
    var values: [(value: String, models: [String])] = []
    for (model, value) in defaults {
      if let known = values.firstIndex(where: { $0.value == value }) {
        values[known].models.append(model)
      } else {
        values.append((value, [model]))
      }
    }
    let text = values.map { "\($0.value) for \($0.models.joined(separator: ", "))" }
    return ArgumentHelp(
      "\(meaning); default: \(text.joined(separator: "; ")).", valueName: valueName)
  }

  /// Whether these numbers can be such a size.
  func contains(_ values: [Int]) -> Bool {
    !values.isEmpty && values.allSatisfy(range.contains) && count.map { $0 == values.count } ?? true
  }

  /// The value that `text` stands for.
  ///
  /// - Throws: `ValidationError` that names the part at fault.
  func parse(_ text: String) throws -> IntegerList {
    let list = try IntegerList(text, in: range)
    if let count, list.values.count != count {
      throw ValidationError(
        "'\(text)' is \(list.values.count == 1 ? "1 number" : "\(list.values.count) numbers"), "
          + "expected \(count)")
    }
    return list
  }
}
