import FoundationEssentials
import Testing

@testable import Hypertower

/// Functions, modules and losses against PyTorch: `Tests/References/modules.py`.
@Suite struct ModuleReferenceTests {
  static let reference = Result {
    try ReferenceFile.decode("References/modules.json") as ModuleReference
  }

  /// The first words of the cases' names; each group is one program.
  static let groups = Set(ModuleCase.all.keys.map(group)).sorted()

  static func group(_ name: String) -> String {
    String(name.prefix { $0 != " " })
  }

  @Test func allAreThere() throws {
    let reference = try Self.reference.get()
    #expect(reference.cases.count == ModuleCase.all.count)
    #expect(Set(reference.cases.map(\.name)) == Set(ModuleCase.all.keys))
  }

  @Test(arguments: TestBackend.native, groups)
  func agreeWithPyTorch(backend: TestBackend, group: String) throws {
    let cases = try Self.reference.get().cases.filter { Self.group($0.name) == group }
    var results: [(what: String, tensor: Tensor, expected: [Double])] = []
    for own in cases {
      let build = try #require(ModuleCase.all[own.name])
      let (output, gradients) = try own.evaluate(build())
      #expect(output.shape == own.output.shape, "\(own.name)")
      results.append((own.name, output, own.output.values))
      for (name, gradient) in gradients {
        results.append(
          ("gradient of \(own.name) by \(name)", gradient, try #require(own.gradients[name])))
      }
    }
    let values = try Tensor.evaluate(results.map(\.tensor), on: try backend.make())
    for (own, value) in zip(results, values) {
      let tolerance: Tolerance =
        backend.isDouble
        ? .each(own.expected.map { Swift.max(1e-10 * $0.magnitude, 1e-13) })
        : .relativeFromOne(1e-5)
      assertClose(value.doubles, own.expected, tolerance, "\(own.what) on \(backend.name)")
    }
  }
}

/// What PyTorch computes.
struct ModuleReference: Decodable {
  struct Array: Decodable {
    let shape: Shape
    let values: [Double]

    var tensor: Tensor { Tensor(values.map(Float.init), shape: shape) }
  }

  struct Case: Decodable {
    let name: String
    let inputs: [Array]
    let parameters: [String: Array]
    let output: Array
    /// By the numbers of inputs and the names of parameters.
    let gradients: [String: [Double]]
  }

  let version: String
  let cases: [Case]
}

extension ModuleReference.Case {
  /// The output of `own` and its gradients, by their names.
  func evaluate(_ own: ModuleCase) throws -> (output: Tensor, gradients: [(String, Tensor)]) {
    let leaves = inputs.map(\.tensor)
    let declared = own.parameters
    #expect(declared.map(\.name).sorted() == parameters.keys.sorted(), "\(name)")
    let values = try declared.map { try #require(parameters[$0.name]).tensor }
    for (declared, value) in zip(declared, values) {
      #expect(declared.tensor.shape == value.shape, "\(name), \(declared.name)")
    }
    let output = own.function(leaves)
      .replacing(
        Dictionary(
          uniqueKeysWithValues: zip(declared, values).map { own, value in
            (ObjectIdentifier(own.tensor.parameterDeclaration!), value)
          }))
    guard !gradients.isEmpty else { return (output, []) }
    let count = output.shape.elementCount
    let cotangent = (0..<count).map { Float((7 * $0) % 13 - 6) / 8 }
    // What no cotangent reaches must not count: 0 · ∞ is NaN.
    let weights = Tensor(cotangent, shape: output.shape)
    let total = Tensor.select(weights, output * weights, 0).sum()
    let sources =
      leaves.enumerated().map { ("\($0)", $1) } + zip(declared, values).map { ($0.name, $1) }
    let wanted = sources.filter { gradients[$0.0] != nil }
    #expect(wanted.count == gradients.count, "\(name)")
    let found = Hypertower.gradients(of: total, withRespectTo: wanted.map(\.1))
    return (output, zip(wanted, found).map { ($0.0, $1) })
  }
}

extension Tensor {
  /// The tensor with values in the place of parameters.
  fileprivate func replacing(_ values: [ObjectIdentifier: Tensor]) -> Tensor {
    guard !values.isEmpty else { return self }
    let needed = recorder.tape.needed(by: [index])
    let home = TapeRecorder()
    var copies: [Int: Tape.Index] = [:]
    for (index, node) in recorder.tape.nodes.enumerated() where needed[index] {
      guard case .leaf(let number) = node.operation else {
        copies[index] = home.tape.append(
          node.operation, node.operands.map { copies[$0]! }, shape: node.shape)
        continue
      }
      if case .parameter(let declaration) = recorder.leaves[number],
        let value = values[ObjectIdentifier(declaration)]
      {
        copies[index] = home.adopt(value.index, from: value.recorder)
      } else {
        copies[index] = home.adopt(index, from: recorder)
      }
    }
    return Tensor(home, copies[self.index]!)
  }
}
