import Testing

@testable import Hypertower

/// Weights in the layouts of other libraries. `make test-interop` lets these libraries read and write them.
@Suite("Weights in the layouts of PyTorch and MLX")
struct WeightLayoutTests {
  typealias Entry = SafetensorsFile.Entry

  private func bits(_ trainer: Trainer) throws -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: try trainer.weights().entries.map { ($0.name, $0.floats()) })
  }

  private static func shapes(_ name: String, _ layout: WeightLayout) throws -> [String: [Int]] {
    let own = try #require(InteropCase.all.first { $0.name == name })
    let file = try own.trainer().weights(in: layout)
    return Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.shape) })
  }

  @Test("Tensors have the libraries' names and shapes")
  func names() throws {
    let expected: [(String, WeightLayout, [String: [Int]])] = [
      ("conv1d", .pytorch, ["weight": [6, 2, 3], "bias": [6]]),
      ("conv1d", .mlx, ["weight": [6, 3, 2], "bias": [6]]),
      ("conv2d", .mlx, ["weight": [5, 3, 3, 2], "bias": [5]]),
      ("conv_transpose2d", .pytorch, ["weight": [3, 2, 3, 3], "bias": [2]]),
      ("conv_transpose2d", .mlx, ["weight": [2, 3, 3, 3], "bias": [2]]),
      (
        "batch_norm", .pytorch,
        [
          "weight": [3], "bias": [3], "running_mean": [3], "running_var": [3],
          "num_batches_tracked": [],
        ]
      ),
      (
        "batch_norm", .mlx,
        ["weight": [3], "bias": [3], "running_mean": [3], "running_var": [3]]
      ),
      (
        "lstm", .pytorch,
        [
          "weight_ih_l0": [16, 3], "weight_hh_l0": [16, 4], "bias_ih_l0": [16], "bias_hh_l0": [16],
        ]
      ),
      ("lstm", .mlx, ["Wx": [16, 3], "Wh": [16, 4], "bias": [16]]),
      ("gru", .mlx, ["Wx": [12, 3], "Wh": [12, 4], "b": [12], "bhn": [4]]),
      (
        "gru_both_directions", .mlx,
        [
          "rnn.forward.Wx": [12, 3], "rnn.forward.Wh": [12, 4], "rnn.forward.b": [12],
          "rnn.forward.bhn": [4],
          "rnn.backward.Wx": [12, 3], "rnn.backward.Wh": [12, 4], "rnn.backward.b": [12],
          "rnn.backward.bhn": [4],
        ]
      ),
      (
        "attention", .pytorch,
        [
          "in_proj_weight": [18, 6], "in_proj_bias": [18], "out_proj.weight": [6, 6],
          "out_proj.bias": [6],
        ]
      ),
      (
        "attention_without_bias", .mlx,
        [
          "query_proj.weight": [6, 6], "key_proj.weight": [6, 6], "value_proj.weight": [6, 6],
          "out_proj.weight": [6, 6],
        ]
      ),
      (
        "dense", .pytorch, ["0.weight": [4, 5], "0.bias": [4], "2.weight": [3, 4], "2.bias": [3]]
      ),
      (
        "sequential", .pytorch,
        [
          "0.weight": [4, 2, 3, 3], "0.bias": [4], "1.weight": [4], "1.bias": [4],
          "1.running_mean": [4], "1.running_var": [4], "1.num_batches_tracked": [],
          "4.weight": [3, 4], "4.bias": [3],
        ]
      ),
    ]
    for (name, layout, shapes) in expected {
      #expect(try Self.shapes(name, layout) == shapes, "\(name), \(layout)")
    }
    let block = try Self.shapes("transformer_block", .mlx)
    #expect(block["attention.key_proj.bias"] == [6] && block["ln2.weight"] == [6])
    let lstm = try Self.shapes("lstm_both_directions", .mlx)
    #expect(lstm["rnn.1.backward.Wx"] == [16, 8] && lstm.count == 12)
  }

  @Test(
    "What is written is read again, in whatever order and after a beginning",
    arguments: WeightLayout.allCases, InteropCase.all.map(\.name))
  func roundTrip(layout: WeightLayout, name: String) throws {
    let own = try #require(InteropCase.all.first { $0.name == name })
    let trainer = try own.trainer()
    try trainer.setWeights(own.drawnWeights(seed: 1))
    let inputs = own.drawnInputs(count: 2, seed: 2)
    let outputs = try trainer.outputs(for: inputs)
    let file = try trainer.weights(in: layout)
    let moved = SafetensorsFile(
      file.entries.reversed().map { entry in
        Entry(
          name: "model." + entry.name, shape: entry.shape, elementType: entry.elementType,
          bytes: entry.bytes)
      }, metadata: file.metadata)
    for file in [file, moved] {
      let other = try own.trainer()
      var notes: [String] = []
      try other.setWeights(file) { notes.append($0) }
      #expect(notes.allSatisfy { !$0.contains("left out") }, "\(notes)")
      // One bias in place of two rounds otherwise.
      let isAdded = layout == .mlx && name.hasPrefix("gru")
      assertClose(try other.outputs(for: inputs), outputs, .absolute(isAdded ? 1e-6 : 0), name)
    }
  }

  @Test("Both biases of recurrent layers become one of MLX's, which is read as the inputs'")
  func biases() throws {
    let lstm = try Trainer(
      LSTM(1, 1), loss: .meanSquaredError, sampleShape: [1, 1], optimizer: SGD(), on: .cpu)
    try lstm.setWeights(
      SafetensorsFile([
        Entry(name: "weight_ih_l0", shape: [4, 1], floats: [1, 2, 3, 4]),
        Entry(name: "weight_hh_l0", shape: [4, 1], floats: [5, 6, 7, 8]),
        Entry(name: "bias_ih_l0", shape: [4], floats: [1, 2, 3, 4]),
        Entry(name: "bias_hh_l0", shape: [4], floats: [10, 20, 30, 40]),
      ]))
    let file = try lstm.weights(in: .mlx)
    #expect(file["bias"]?.floats() == [11, 22, 33, 44])
    try lstm.setWeights(file)
    #expect(try bits(lstm)["bias_ih_l0"] == [11, 22, 33, 44])
    #expect(try bits(lstm)["bias_hh_l0"] == [0, 0, 0, 0])

    let gru = try Trainer(
      GRU(1, 1), loss: .meanSquaredError, sampleShape: [1, 1], optimizer: SGD(), on: .cpu)
    try gru.setWeights(
      SafetensorsFile([
        Entry(name: "Wx", shape: [3, 1], floats: [1, 2, 3]),
        Entry(name: "Wh", shape: [3, 1], floats: [4, 5, 6]),
        Entry(name: "b", shape: [3], floats: [7, 8, 9]),
        Entry(name: "bhn", shape: [1], floats: [10]),
      ])
    ) { _ in }
    #expect(try bits(gru)["bias_ih_l0"] == [7, 8, 9])
    #expect(try bits(gru)["bias_hh_l0"] == [0, 0, 10])
  }

  /// A convolution whose weight has one shape in both layouts.
  private func square() throws -> Trainer {
    try Trainer(
      Conv2D(2, 1, size: 2, bias: false), loss: .meanSquaredError, sampleShape: [2, 2, 2],
      optimizer: SGD(), on: .cpu)
  }

  @Test("Where both layouts fit, a file of MLX is known by its metadata, or by what one says")
  func ambiguous() throws {
    let (rows, turned): ([Float], [Float]) = ([0, 1, 2, 3, 4, 5, 6, 7], [0, 2, 4, 6, 1, 3, 5, 7])
    let plain = SafetensorsFile([Entry(name: "weight", shape: [1, 2, 2, 2], floats: rows)])
    var null = plain
    null.hasNullMetadata = true
    let marked = SafetensorsFile(plain.entries, metadata: ["format": "mlx"])
    let cases: [(SafetensorsFile, WeightLayout?, [Float], Int)] = [
      (plain, nil, rows, 0), (plain, .pytorch, rows, 1), (plain, .mlx, turned, 1),
      (null, nil, turned, 1), (marked, nil, turned, 1), (marked, .pytorch, rows, 1),
    ]
    for (file, layout, expected, noteCount) in cases {
      let trainer = try square()
      var notes: [String] = []
      try trainer.setWeights(file, layout: layout) { notes.append($0) }
      #expect(try bits(trainer)["weight"] == expected)
      #expect(notes.count == noteCount, "\(notes)")
    }
    // Null metadata are seen in a file's bytes.
    let header =
      #"{"__metadata__":null,"weight":{"dtype":"F32","shape":[1,2,2,2],"data_offsets":[0,32]}}"#
    let bytes =
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
      + Array(header.utf8) + Array(plain.entries[0].bytes)
    let trainer = try square()
    try trainer.setWeights(SafetensorsFile(bytes: bytes, name: "file")) { _ in }
    #expect(try bits(trainer)["weight"] == turned)
  }

  @Test("What a file of a library lacks is named, and the weights stay")
  func faults() throws {
    let trainer = try Trainer(
      GRU(1, 1), loss: .meanSquaredError, sampleShape: [1, 1], optimizer: SGD(), on: .cpu)
    let before = try bits(trainer)
    let input = Entry(name: "Wx", shape: [3, 1], floats: [1, 2, 3])
    func message(_ entries: [Entry]) -> String? {
      #expect(throws: InputError.self) {
        try trainer.setWeights(SafetensorsFile(entries), layout: .mlx, source: "file")
      }?.message
    }
    #expect(
      message([input]) == "file: as a file of MLX: tensor 'Wh' of shape [3, 1] is missing")
    #expect(
      message([input, Entry(name: "Wh", shape: [1, 3], floats: [1, 2, 3])])
        == "file: as a file of MLX: tensor 'Wh' has shape [1, 3], expected [3, 1]")
    #expect(try bits(trainer) == before)
    let attention = try Trainer(
      MultiHeadAttention(2, heads: 1, bias: false), loss: .meanSquaredError, sampleShape: [1, 2],
      optimizer: SGD(), on: .cpu)
    var entries = try attention.weights(in: .mlx).entries
    entries[1] = Entry(
      name: entries[1].name, shape: [2, 2], elementType: .other("I32"),
      bytes: [UInt8](repeating: 0, count: 16)[...])
    let error = #expect(throws: InputError.self) {
      try attention.setWeights(SafetensorsFile(entries), source: "file")
    }
    #expect(error?.message == "file: tensor '\(entries[1].name)' is of type I32: convert it to F32")
  }

  @Test("A tensor that two modules share is written under both names and read from either")
  func shared() throws {
    struct Tied: Module {
      let token = Embedding(3, 2)
      let head: Tensor
      init() { head = token.weight }
      func callAsFunction(_ x: Tensor) -> Tensor { token(x).matmul(head, transposeRight: true) }
    }
    let trainer = try Trainer(
      Tied(), loss: .meanSquaredError, sampleShape: [1], optimizer: SGD(), on: .cpu)
    let file = try trainer.weights(in: .pytorch)
    #expect(file.entries.map(\.name).sorted() == ["head", "token.weight"])
    let before = try bits(trainer)
    let other = try Trainer(
      Tied(), loss: .meanSquaredError, sampleShape: [1], optimizer: SGD(), on: .cpu, seed: 9)
    #expect(try bits(other) != before)
    try other.setWeights(SafetensorsFile(file.entries.filter { $0.name == "head" })) { _ in }
    #expect(try bits(other) == before)
  }
}
