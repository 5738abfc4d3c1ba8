@testable import Hypertower

/// A model that is exported: every module of the library, and functions that have operations in common with none.
struct ONNXCase {
  let name: String
  /// The shape of a sample.
  let sample: Shape
  /// The number of tokens, of a model that takes them.
  let tokens: Int?
  let module: any Module
  /// Operations that ONNX must have for it.
  let operations: [String]

  init(
    _ name: String, _ sample: Shape, tokens: Int? = nil, _ module: any Module,
    has operations: String...
  ) {
    (self.name, self.sample, self.tokens, self.module) = (name, sample, tokens, module)
    self.operations = operations
  }

  /// A function without parameters.
  init(
    _ name: String, _ sample: Shape, tokens: Int? = nil, has operations: String...,
    function: @escaping (Tensor) -> Tensor
  ) {
    (self.name, self.sample, self.tokens) = (name, sample, tokens)
    (self.module, self.operations) = (Function(function: function), operations)
  }

  private struct Function: Module {
    let function: (Tensor) -> Tensor

    func callAsFunction(_ x: Tensor) -> Tensor { function(x) }
  }
}

extension ONNXCase {
  /// Weights unlike those that modules begin with.
  func drawnWeights(seed: UInt64) -> SafetensorsFile {
    var random = SplitMix(state: seed)
    return SafetensorsFile(
      (module.parameters + module.states).map { name, tensor in
        let range: ClosedRange<Double> = name.hasSuffix("running_var") ? 0.5...1.5 : -0.5...0.5
        return .init(
          name: name, shape: tensor.shape,
          floats: (0..<tensor.shape.elementCount).map { _ in random.single(in: range) })
      })
  }

  /// The elements of some samples.
  func drawnInputs(count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count * sample.elementCount).map { _ -> Float in
      tokens.map { Float(random.below($0)) } ?? random.single(in: -1...1)
    }
  }

  /// The file with weights.
  func file(_ weights: SafetensorsFile) throws -> ONNXFile {
    try ONNXFile(
      module, weights: weights, sampleShape: sample,
      inputType: tokens == nil ? .numbers : .tokens)
  }

  /// What the file has.
  func graph(_ weights: SafetensorsFile) throws -> ONNXGraph {
    try ModelGraph(module, weights: weights, sampleShape: sample).graph(
      inputType: tokens == nil ? .numbers : .tokens, inputName: "input", outputName: "output")
  }

  /// What Hypertower makes of samples, with its shape.
  func outputs(
    for inputs: [Float], _ weights: SafetensorsFile
  ) throws -> (values: [Float], shape: Shape) {
    let x = Tensor.input("x", shape: [inputs.count / sample.elementCount] + sample)
    let output = module(x)
    let program = try TensorProgram([output], of: [x])
    for (name, tensor) in module.parameters + module.states {
      try program.set(tensor, to: weights[name]!.floats())
    }
    return (try program([inputs])[0], output.shape)
  }
}
