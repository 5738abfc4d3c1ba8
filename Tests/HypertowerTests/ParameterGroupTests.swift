import Testing

@testable import Hypertower

/// Groups of parameters, each with a tower of its own: how they are written, and which parameters they have.
@Suite struct ParameterGroupTests {
  private static let names = ["w1", "b1", "w2", "b2"]
  private static let dense = names.map {
    ModelParameter(
      name: $0, kind: $0.hasPrefix("w") ? .weights : .biases,
      shape: $0.hasPrefix("w") ? [2, 2] : [2])
  }

  private func members(_ text: String, of parameters: [ModelParameter] = dense) throws -> [Int] {
    try Tower(parsing: text).groupNumbers(of: parameters)
  }

  @Test(
    arguments: [
      "weights: adam(0.01) / kesten(1); biases: sgd(0.01)", "w1: frozen; else: sgd(0.1)",
      "w*: sgd(0.1); *: adam(0.001, beta1=0.8)",
      "layers.0.*: adam(cosine(0.1)); embeddings: frozen; norms: lion(0.0001); else: sgd(0.1)",
      "*: sgd(0.1) / sgd_per_parameter(0.1, alpha_alpha=0.2)",
      "\"weights\": sgd(0.1); weights: frozen; \"enc; (first)/layer:\": sgd(0.2); else: sgd(0.3)",
      "\"w*\": sgd(0.1); w*: sgd(0.2); else: frozen",
    ])
  func areReadAndPrinted(text: String) throws {
    #expect(try Tower(parsing: text).description == text)
  }

  @Test func spacesAndALastSemicolon() throws {
    let tower = try Tower(parsing: " w* :sgd( 0.1 )/ adam ;\n biases: frozen ; ")
    #expect(
      tower.description == "w*: sgd(0.1) / adam(0.001); biases: frozen")
    #expect(tower.groups.map(\.isFrozen) == [false, true])
    #expect(tower.height == 1)
  }

  @Test func inSwift() throws {
    let tower = Tower(groups: [
      ParameterGroup(.kind(.weights), Adam() / Kesten()), ParameterGroup(.named("b1"), .frozen),
      ParameterGroup(.others, SGD(0.01)),
    ])
    #expect(tower.description == "weights: adam(0.001) / kesten(1); b1: frozen; else: sgd(0.01)")
    #expect(try tower.groupNumbers(of: Self.dense) == [0, 1, 0, 2])
    let condition = Tower(groups: [
      ParameterGroup(ParameterSelector("square") { $0.shape == [2, 2] }, SGD()),
      ParameterGroup(.others, .frozen),
    ])
    #expect(try condition.groupNumbers(of: Self.dense) == [0, 1, 0, 1])
    #expect(condition.description == "square: sgd(0.01); else: frozen")
  }

  private struct Pair: Module {
    var encoder = Linear(3, 2)
    var encoderNorm = LayerNorm([2])
    var decoder = Linear(2, 1)
    func callAsFunction(_ x: Tensor) -> Tensor { decoder(encoderNorm(encoder(x))) }
  }

  @Test func byKeyPath() throws {
    let model = Pair()
    let parameters = ModelTrace.contents(of: model, sampleShape: [3]).parameters.map(\.described)
    for (selector, text) in [
      (ParameterSelector.at(\Pair.decoder, of: model), "decoder.*"),
      (.at(\Pair.encoder, of: model), "encoder.*"),
      (.at(\Pair.encoder.weight, of: model), "encoder.weight"),
    ] {
      #expect(selector.description == text)
      let read = ParameterSelector(parsing: text)
      #expect(parameters.map(selector.selects) == parameters.map(read.selects))
      #expect(parameters.contains(where: selector.selects))
    }
    #expect(
      parameters.map(\.kind) == [.weights, .biases, .norms, .norms, .weights, .biases])
  }

  /// Modules in arrays, and parameters whose names a tower's text has in quotes.
  private struct Named: Module {
    var blocks = [Linear(2, 2), Linear(2, 2)]
    var weights = Tensor.parameter(shape: [2, 2], initializer: .constant(0))
    var head = Own()
    func callAsFunction(_ x: Tensor) -> Tensor { head(blocks[1](blocks[0](x))) }
  }

  private struct Own: Module {
    let scale = Tensor.parameter(shape: [1], initializer: .constant(1))
    let shift = Tensor.parameter(shape: [1], initializer: .constant(1))
    var parameters: [(name: String, tensor: Tensor)] {
      [("the/scale", scale), ("the/shift", shift)]
    }
    func callAsFunction(_ x: Tensor) -> Tensor { x * scale + shift }
  }

  @Test func namesThatMeanSomethingElse() throws {
    let model = Named()
    let parameters = ModelTrace.contents(of: model, sampleShape: [2]).parameters.map(\.described)
    func members(_ selector: ParameterSelector) -> [String] {
      parameters.filter(selector.selects).map(\.name)
    }
    let blocks = ["weight", "bias"]
    for (selector, text, names) in [
      (
        ParameterSelector.at(\Named.blocks, of: model), "blocks.*",
        [0, 1].flatMap { block in blocks.map { "blocks.\(block).\($0)" } }
      ),
      (.at(\Named.blocks[1], of: model), "blocks.1.*", blocks.map { "blocks.1.\($0)" }),
      (.at(\Named.weights, of: model), "\"weights\"", ["weights"]),
      (.named("weights"), "\"weights\"", ["weights"]),
      (
        .at(\Named.head, of: model), "head.the/scale|head.the/shift",
        ["head.the/scale", "head.the/shift"]
      ),
      (.at(\Named.head.scale, of: model), "\"head.the/scale\"", ["head.the/scale"]),
    ] {
      #expect(selector.description == text)
      #expect(members(selector) == names, "\(text)")
    }
    let tower = Tower(groups: [
      ParameterGroup(.at(\.weights, of: model), SGD(0.1)),
      ParameterGroup(.kind(.weights), SGD(0.2)), ParameterGroup(.others, .frozen),
    ])
    #expect(
      try Tower(parsing: tower.description).groupNumbers(of: parameters)
        == tower.groupNumbers(of: parameters))
    #expect(try tower.groupNumbers(of: parameters) == [1, 2, 1, 2, 0, 2, 2])
  }

  /// The first that takes a parameter has it; `*` stands for any characters, none and dots included.
  @Test(
    arguments: [
      ("weights: sgd(); biases: sgd()", [0, 1, 0, 1]), ("w1: sgd(); *: sgd()", [0, 1, 1, 1]),
      ("*1: sgd(); w*: sgd(); else: sgd()", [0, 0, 1, 2]),
      ("biases: sgd(); *w*2*: sgd(); else: frozen", [2, 0, 1, 0]),
    ])
  func firstMatchWins(text: String, expected: [Int]) throws {
    #expect(try members(text) == expected)
  }

  @Test func kindsOfAModel() throws {
    let model = GPT(vocabulary: 5, context: 4, width: 4, layers: 1, heads: 1)
    let parameters = ModelTrace.contents(of: model, sampleShape: [4]).parameters.map(\.described)
    let groups = try Tower(
      parsing: "embeddings: sgd(); norms: sgd(); biases: sgd(); weights: sgd()"
    )
    .groupNumbers(of: parameters)
    for (parameter, group) in zip(parameters, groups) {
      let isNorm = parameter.name.contains("orm")
      let isEmbedding = ["token", "position"].contains { parameter.name.hasPrefix($0) }
      #expect(
        group == (isEmbedding ? 0 : isNorm ? 1 : parameter.shape.count < 2 ? 2 : 3),
        "\(parameter.name)")
    }
    #expect(Set(groups).count >= 3)
  }

  @Test(
    arguments: [
      (
        "w1: sgd()",
        "no group has b1 (biases), w2 (weights), b2 (biases); end with one for the rest"
      ),
      (
        "weight: sgd(); else: sgd()",
        "the group 'weight' has no parameters; did you mean 'weights'? the model has w1 (weights), b1"
      ),
      (
        "norms: sgd(); else: sgd()",
        "the group 'norms' has no parameters; the model has w1 (weights)"
      ),
      (
        "weights: sgd(); biases: sgd(); else: frozen",
        "the other groups have all parameters of the model: w1 (weights), b1 (biases), w2 (weights), b2 "
          + "(biases); leave out the group 'else'"
      ),
      (
        "*: sgd(); w1: frozen", "earlier groups have w1 (weights); the first that takes a parameter"
      ),
    ])
  func wrongGroups(text: String, message: String) {
    let error = #expect(throws: InputError.self) { try members(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    arguments: [
      ("weights: adam(); weights: sgd()", 18, "the group 'weights' is given twice"),
      ("else: adam(); weights: sgd()", 15, "so it must be the last group"),
      ("weights: frozen; else: frozen", 1, "nothing would be trained"),
      ("weights: frozen / sgd()", 10, "'frozen' stands alone"),
      ("weights: adam() / frozen", 19, "'frozen' stands alone"),
      ("frozen", 1, "'frozen' stands alone"),
      ("weights: adam(); sgd()", 18, "expected a group's selector and ':'"),
      ("weights: adam() sgd()", 17, "expected '/' and the next level, or ';' and the next group"),
      ("weights: frozen; : sgd()", 18, "expected a group's selector before ':'"),
      ("\"w1: sgd()", 1, "the quote that begins here does not end"),
      ("w1: sgd(); \"\": sgd()", 12, "expected a group's selector before ':'"),
      ("w\"1: sgd()", 1, "unknown optimizer 'w'"),
      ("weights:", 9, "expected an optimizer or 'frozen' after 'weights:'"),
      ("weights: adm()", 10, "unknown optimizer 'adm'; did you mean 'adam'?"),
      ("sgd(0.1); else: sgd()", 9, "expected '/' and the next level, found ';'"),
      ("a: sgd(); b: kesten()", 14, "it needs a level below"),
    ])
  func faults(text: String, column: Int, message: String) {
    let error = #expect(throws: InputError.self) { try Tower(parsing: text) }
    #expect(
      error?.message.hasPrefix("tower, column \(column): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
