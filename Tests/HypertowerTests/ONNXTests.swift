import Testing

@testable import Hypertower

/// The graphs of exported models, computed by a second definition of their operations; `make test-interop` runs them in
/// onnxruntime.
@Suite("ONNX") struct ONNXTests {
  /// What nodes of a graph may use at first: what it is given, and its arrays of numbers.
  private func check(_ graph: ONNXGraph, outside: Set<String>, taken: inout Set<String>) {
    var known = outside
    func add(_ names: [String]) {
      for name in names {
        #expect(taken.insert(name).inserted, "\(name) has two meanings")
        known.insert(name)
      }
    }
    add(graph.inputs.map(\.name))
    add(graph.initializers.map(\.name))
    for node in graph.nodes {
      for name in node.inputs { #expect(known.contains(name), "\(node.operation): \(name)") }
      for case (_, .graph(let inner)) in node.attributes {
        check(inner, outside: known, taken: &taken)
      }
      add(node.outputs)
    }
    #expect(graph.outputs.allSatisfy { known.contains($0.name) })
  }

  @Test(arguments: ONNXCase.all.map(\.name))
  func graphs(name: String) throws {
    let own = try #require(ONNXCase.all.first { $0.name == name })
    let weights = own.drawnWeights(seed: 1)
    let bytes = try own.file(weights).bytes
    let graph = try own.graph(weights)
    var taken: Set<String> = []
    check(graph, outside: [], taken: &taken)
    #expect(graph.inputs.map(\.shape) == [[.batches(1)] + own.sample.map { .fixed($0) }])
    #expect(graph.outputs.map { $0.shape[0] } == [.batches(1)])
    let arrays = Dictionary(
      uniqueKeysWithValues: graph.initializers.map { ($0.name, $0) })
    for entry in weights.entries {
      let array = try #require(arrays[entry.name], "\(entry.name)")
      #expect(array.shape == entry.shape && array.bytes[...] == entry.bytes, "\(entry.name)")
    }
    let operations = graph.nodes.map(\.operation)
    for operation in own.operations {
      #expect(operations.contains(operation), "\(operations) lack \(operation)")
    }
    for count in [1, 3] {
      let inputs = own.drawnInputs(count: count, seed: 2)
      let outputs = try own.outputs(for: inputs, weights)
      let computed = try GraphEvaluator.output(
        of: graph, for: Tensor(inputs, shape: [count] + own.sample))
      #expect(computed.shape == outputs.shape)
      assertClose(
        try computed.array().map { Double($0) }, outputs.values.map { Double($0) },
        .absolute(1e-5), "\(name), \(count) samples")
    }
    // What has been recorded before makes no difference.
    #expect(try own.file(weights).bytes == bytes)
  }

  private func operations(_ module: some Module, _ sample: Shape) throws -> [String] {
    let own = ONNXCase("", sample, module)
    return try own.graph(own.drawnWeights(seed: 1)).nodes.map(\.operation)
  }

  @Test("Operations that ONNX has are not taken apart")
  func operations() throws {
    #expect(
      try operations(Linear(3, 2), [3]) == ["Transpose", "MatMul", "Reshape", "Add", "Identity"])
    #expect(
      try operations(Conv2D(2, 3, size: 3), [2, 6, 6]) == ["Conv", "Reshape", "Add", "Identity"])
    #expect(
      try operations(ConvTranspose2D(2, 3, size: 3), [2, 6, 6])
        == ["ConvTranspose", "Reshape", "Add", "Identity"])
    #expect(
      try operations(MaxPool2D(2), [2, 6, 6]) == ["MaxPool", "Reshape", "Reshape", "Identity"])
    #expect(
      try operations(ONNXCase.Tail { $0.logSoftmax() }, [3]) == ["LogSoftmax", "Identity"])
    #expect(
      try operations(ONNXCase.Tail { $0.softmax(axis: 1) }, [3, 4]) == ["Softmax", "Identity"])
    #expect(try operations(Embedding(7, 2), [5]).contains("Gather"))
    #expect(try operations(LSTM(3, 4, layers: 2), [6, 3]).count { $0 == "Scan" } == 2)
  }

  @Test("A file begins with its format and ends with notes")
  func bytes() throws {
    let own = ONNXCase("", [3], Linear(3, 2))
    let weights = own.drawnWeights(seed: 1)
    let file = try ONNXFile(
      own.module, weights: weights, sampleShape: [3], inputName: "features", outputName: "scores",
      metadata: ["b": "2", "a": "1"])
    #expect(file.bytes.starts(with: [8, 8, 18, 10] + Array("hypertower".utf8)))
    // A property is a key, field 1, and a value, field 2; the version of operators is field 2 of field 8.
    #expect(
      Array(file.bytes.suffix(20))
        == [66, 2, 16, 17, 114, 6, 10, 1, 97, 18, 1, 49, 114, 6, 10, 1, 98, 18, 1, 50])
    for name in ["features", "scores", "weight", "bias"] {
      #expect(file.bytes.firstRange(of: Array(name.utf8)) != nil)
    }
    try withTemporaryFolder { folder in
      try file.write(to: folder + "/model.onnx")
      #expect(try FileReader.bytes(of: folder + "/model.onnx") == file.bytes)
    }
  }

  private struct Hidden: Module {
    let scale = Tensor.parameter(shape: [3], initializer: .constant(1))
    var parameters: [(name: String, tensor: Tensor)] { [] }
    func callAsFunction(_ x: Tensor) -> Tensor { x * scale }
  }

  @Test("Models that ONNX cannot have are told what in them")
  func errors() throws {
    typealias Function = ONNXCase.Tail
    let other = Tensor.input("other", shape: [3])
    for (module, message) in [
      (Function { $0 - $0.mean([0]) }, "the model's fill is another operation"),
      (Function { $0.flipped(axis: 0) }, "the model's access is another operation"),
      (Function { $0.sliced(0..<1, axis: 0) }, "view: its indices depend on the number"),
      (
        Function { $0.matmul($0, transposeRight: true).reshaped([$0.shape[0] * $0.shape[0]]) },
        "the model's reshape is another operation"
      ),
      (Function { $0.sum([0]) }, "the first axis of the model's output is not that of samples"),
      (Function { $0 + other }, "'other', a tensor of its own without values"),
      (Hidden(), "a parameter of shape [3] that its `parameters` and `states` lack"),
    ] as [(any Module, String)] {
      let error = #expect(throws: InputError.self) {
        try ONNXFile(module, weights: SafetensorsFile([]), sampleShape: [3])
      }
      #expect(error?.kind == .usage && error?.message.contains(message) == true, "\(error!)")
    }
    for (entries, message) in [
      ([], "the weights lack 'weight', [2, 3] of the model"),
      (
        [SafetensorsFile.Entry(name: "weight", shape: [3, 2], floats: [1, 2, 3, 4, 5, 6])],
        "'weight' is F32 [3, 2] in the weights, and [2, 3] of the model"
      ),
    ] {
      let error = #expect(throws: InputError.self) {
        try ONNXFile(Linear(3, 2), weights: SafetensorsFile(entries), sampleShape: [3])
      }
      #expect(error?.kind == .badData && error?.message.contains(message) == true, "\(error!)")
    }
  }
}
