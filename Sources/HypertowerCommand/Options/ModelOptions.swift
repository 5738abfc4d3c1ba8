import ArgumentParser
import Hypertower

/// Which model is trained, and its sizes.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "The model; default: dense.",
      discussion: "With the defaults of their sizes, they are\n"
        + ModelKind.allCases.map(\.summary).joined(separator: ";\n") + ".",
      valueName: kindNames),
    completion: .list(ModelKind.allCases.map(\.rawValue)), transform: { try kind($0) })
  var kind: ModelKind?

  @Option(help: SizeOption.hidden.help, transform: { try SizeOption.hidden.parse($0) })
  var hidden: IntegerList?
  @Option(help: SizeOption.channels.help, transform: { try SizeOption.channels.parse($0) })
  var channels: IntegerList?
  @Option(help: SizeOption.kernel.help, transform: { try SizeOption.kernel.parse($0) })
  var kernel: IntegerList?
  @Option(help: SizeOption.embedding.help, transform: { try SizeOption.embedding.parse($0) })
  var embedding: IntegerList?
  @Option(help: SizeOption.layers.help, transform: { try SizeOption.layers.parse($0) })
  var layers: IntegerList?
  @Option(help: SizeOption.width.help, transform: { try SizeOption.width.parse($0) })
  var width: IntegerList?
  @Option(help: SizeOption.heads.help, transform: { try SizeOption.heads.parse($0) })
  var heads: IntegerList?
  @Option(help: SizeOption.length.help, transform: { try SizeOption.length.parse($0) })
  var length: IntegerList?

  /// The sizes that were given.
  private var sizes: [SizeOption: [Int]] {
    let all: [SizeOption: IntegerList?] = [
      .hidden: hidden, .channels: channels, .kernel: kernel, .embedding: embedding,
      .layers: layers, .width: width, .heads: heads, .length: length,
    ]
    return all.compactMapValues { $0?.values }
  }

  /// The options that were given, in their order.
  var given: [String] {
    (kind == nil ? [] : ["--model"])
      + SizeOption.allCases.filter { sizes[$0] != nil }.map { "--\($0)" }
  }

  /// The model with its sizes.
  ///
  /// - Throws: `Failure(.usage)` for a size that the model does not have.
  func choice() throws -> ModelChoice {
    let kind = kind ?? .dense
    if let option = SizeOption.allCases.first(where: {
      sizes[$0] != nil && kind.defaults.sizes[$0] == nil
    }) {
      throw Failure(
        .usage,
        "--model \(kind) has no option --\(option); models that have it: "
          + ModelKind.names { $0.defaults.sizes[option] != nil })
    }
    return ModelChoice(kind, sizes)
  }

  static let kindNames = ModelKind.allCases.map(\.rawValue).joined(separator: "|")

  static func kind(_ name: String) throws -> ModelKind {
    guard let kind = ModelKind(rawValue: name) else {
      let hint =
        nearMiss(of: name, among: ModelKind.allCases.map(\.rawValue))
        .map { "did you mean '\($0)'? Known" } ?? "known"
      throw ValidationError("'\(name)' is no model; \(hint) are \(ModelKind.names())")
    }
    return kind
  }
}
