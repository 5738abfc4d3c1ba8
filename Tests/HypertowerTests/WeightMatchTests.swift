import Testing

@testable import Hypertower

/// Weights from elsewhere, in a network of widths 3, 4, 4, 2.
@Suite("Weights of other names and types")
struct WeightMatchTests {
  typealias Entry = SafetensorsFile.Entry

  private static var network: DenseNetwork { DenseNetwork(widths: [3, 4, 4, 2]) }

  private static let data = Dataset(
    count: 2, featureCount: 3, features: .floats([0, 1, 0.5, 1, 1, 0]),
    targets: .classes([0, 1], classCount: 2))

  private func trainer(on device: Device = .cpu) throws -> Trainer {
    try Trainer(Self.network, loss: .negativeLogLikelihood, optimizer: SGD(), on: device)
  }

  /// A matrix and a vector whose elements tell the layer.
  private static func layer(
    _ weight: String, _ bias: String?, _ outputs: Int, _ inputs: Int, value: Float
  ) -> [Entry] {
    [
      Entry(
        name: weight, shape: [outputs, inputs],
        floats: .init(repeating: value, count: outputs * inputs))
    ]
      + (bias.map {
        [Entry(name: $0, shape: [outputs], floats: .init(repeating: -value, count: outputs))]
      }
        ?? [])
  }

  /// The three layers under the names that `name` gives the weight (true) and the bias of each.
  private static func layers(_ name: (Int, Bool) -> String) -> [Entry] {
    layer(name(1, true), name(1, false), 4, 3, value: 0.1)
      + layer(name(2, true), name(2, false), 4, 4, value: 0.2)
      + layer(name(3, true), name(3, false), 2, 4, value: 0.3)
  }

  /// The three layers in modules of these names, as PyTorch writes them.
  private static func sequence(_ module: (Int) -> String) -> [Entry] {
    layers { "\(module($0)).\($1 ? "weight" : "bias")" }
  }

  private static let own = layers { "\($1 ? "w" : "b")\($0)" }

  // MARK: What is matched

  static let namings: [[String]] = [
    ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"],
    ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"],
    [
      "layers.2.weight", "layers.2.bias", "layers.9.weight", "layers.9.bias", "layers.10.weight",
      "layers.10.bias",
    ],
    ["in.weight", "in.bias", "middle.weight", "middle.bias", "out.weight", "out.bias"],
    ["module.w1", "module.b1", "module.w2", "module.b2", "module.w3", "module.b3"],
    [
      "_orig_mod.a1.weight", "_orig_mod.a1.bias", "_orig_mod.a2.weight", "_orig_mod.a2.bias",
      "_orig_mod.b.weight", "_orig_mod.b.bias",
    ],
    ["w0", "b0", "w1", "b1", "w2", "b2"], ["W1", "b1", "W2", "b2", "W3", "b3"],
    ["weights.0", "biases.0", "weights.1", "biases.1", "weights.2", "biases.2"],
  ]

  @Test(
    "Names of other libraries lead to the same weights, whatever the order in the file",
    arguments: namings)
  func names(_ names: [String]) throws {
    let expected = try trainer()
    try expected.setWeights(SafetensorsFile(Self.own)) { Issue.record("warning: \($0)") }
    let renamed = zip(Self.own, names).map { entry, name in
      Entry(name: name, shape: entry.shape, floats: entry.floats())
    }
    for entries in [renamed, renamed.sorted { $0.name < $1.name }, renamed.reversed()] {
      let file = SafetensorsFile(entries)
      #expect(try DenseNetwork.widths(in: file, inputs: 3, outputs: 2) == [3, 4, 4, 2])
      let trainer = try trainer()
      var notes: [String] = []
      try trainer.setWeights(file, source: "file") { notes.append($0) }
      #expect(try bits(trainer) == bits(expected))
      #expect(notes.count == 1 && notes[0].hasPrefix("file: matched by "), "\(notes)")
      if notes[0].contains("order") { #expect(notes[0].contains("\(names[2]) → w2")) }
    }
  }

  @Test("What the model does not need is left out and named, whatever its type")
  func leftOver() throws {
    let header =
      #"{"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""f":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[8,11]},"#
      + #""later":{"dtype":"X3","shape":[7],"data_offsets":[11,14]}}"#
    let other = try SafetensorsFile(
      bytes: withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        + Array(header.utf8) + [UInt8](repeating: 0, count: 14), name: "other")
    let statistics = (0..<8).map { Entry(name: "running_\($0)", shape: [1], floats: [0]) }
    let trainer = try trainer()
    var notes: [String] = []
    try trainer.setWeights(
      SafetensorsFile(Self.own + other.entries + statistics), source: "file"
    ) { notes.append($0) }
    try #require(notes.count == 1)
    #expect(notes[0].hasPrefix("file: left out what the model does not need: "))
    #expect(notes[0].contains("n, ") && notes[0].hasSuffix(" and 3 more"), "\(notes[0])")
    // A checkpoint has what training needs, which goes without saying.
    notes = []
    try trainer.setWeights(try trainer.checkpoint()) { notes.append($0) }
    #expect(notes.isEmpty)
  }

  @Test("Of several biases the one with the matrix's own name is taken")
  func exactBias() throws {
    let wrong = Entry(name: "fc1.biases", shape: [4], floats: [9, 9, 9, 9])
    let file = SafetensorsFile(Self.sequence { "fc\($0)" } + [wrong])
    let (trainer, expected) = (try trainer(), try trainer())
    try trainer.setWeights(file) { _ in }
    try expected.setWeights(SafetensorsFile(Self.own))
    #expect(try bits(trainer) == bits(expected))
  }

  @Test("A file of one byte is too short, in the singular")
  func oneByte() {
    let error = #expect(throws: InputError.self) { try SafetensorsFile(bytes: [1], name: "file") }
    #expect(error?.message == "file: 1 byte is too few for a safetensors file")
  }

  @Test("Every type of safetensors 0.8 is known by its size")
  func elementTypes() throws {
    let bits = [
      "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
      "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
      "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
    ]
    for (name, count) in bits {
      func file(bytes: Int) -> [UInt8] {
        let header = #"{"x":{"dtype":"\#(name)","shape":[4],"data_offsets":[0,\#(bytes)]}}"#
        return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
          + Array(header.utf8) + [UInt8](repeating: 0, count: bytes)
      }
      let read = try SafetensorsFile(bytes: file(bytes: count / 2), name: "file")
      #expect(read["x"]?.elementType.name == name)
      #expect(read.serialized().count >= 8 + count / 2)
      #expect(throws: InputError.self, "\(name)") {
        try SafetensorsFile(bytes: file(bytes: count / 2 + 1), name: "file")
      }
    }
  }

  // MARK: What is refused

  struct Fault: CustomTestStringConvertible {
    let testDescription: String
    let entries: [Entry]
    let message: String
    init(_ name: String, _ message: String, _ entries: [Entry]) {
      (testDescription, self.message, self.entries) = (name, message, entries)
    }
  }

  static let faults = [
    Fault(
      "equal layers without numbers",
      "it could be in.weight, a.weight, out.weight, or in.weight, b.weight, out.weight",
      layer("in.weight", "in.bias", 4, 3, value: 1) + layer("a.weight", "a.bias", 4, 4, value: 2)
        + layer("b.weight", "b.bias", 4, 4, value: 3)
        + layer("out.weight", "out.bias", 2, 4, value: 4)),
    Fault(
      "two copies of a model", "the order of its layers cannot be told",
      layers { "model.fc\($0).\($1 ? "weight" : "bias")" }
        + layers { "ema.fc\($0).\($1 ? "weight" : "bias")" }),
    Fault(
      "a layer without a bias", "tensor 'fc2.bias' is missing, 'b2' of the model",
      layers { "fc\($0).\($1 ? "weight" : "bias")" }.filter { $0.name != "fc2.bias" }),
    Fault(
      "own names without a bias", "tensor 'b2' is missing",
      own.filter { $0.name != "b2" }),
    Fault(
      "matrices as Keras stores them", "once transposed",
      layer("dense/kernel", "dense/bias", 3, 4, value: 1)
        + layer("dense_1/kernel", "dense_1/bias", 4, 4, value: 1)
        + layer("dense_2/kernel", "dense_2/bias", 4, 2, value: 1)),
    Fault(
      "a larger network", "further layers", own + layer("w4", "b4", 2, 2, value: 1)),
    Fault(
      "no layers", "holds no weights of dense layers",
      [Entry(name: "x", shape: [2], floats: [0, 0])]),
    Fault("nothing", "it has no tensors", []),
    Fault(
      "two biases of other names",
      "the bias of fc1.kernel could be fc1.biases, fc1.b: name it fc1.bias",
      layer("fc1.kernel", "fc1.biases", 4, 3, value: 1)
        + [Entry(name: "fc1.b", shape: [4], floats: [0, 0, 0, 0])]),
    Fault(
      "a normalization in a sequence", "tensor '1.weight' [4] belongs between the layers",
      sequence { ["0", "2", "4"][$0 - 1] }
        + [
          Entry(name: "1.weight", shape: [4], floats: [1, 1, 1, 1]),
          Entry(name: "1.bias", shape: [4], floats: [0, 0, 0, 0]),
        ]),
    Fault(
      "a normalization by its place", "tensor 'scale.weight' [4] belongs between the layers",
      layer("in.weight", "in.bias", 4, 3, value: 1)
        + [Entry(name: "scale.weight", shape: [4], floats: [1, 1, 1, 1])]
        + layer("middle.weight", "middle.bias", 4, 4, value: 2)
        + layer("out.weight", "out.bias", 2, 4, value: 4)),
    Fault(
      "a normalization by its name", "tensor 'bn.running_mean' [4] belongs between the layers",
      [Entry(name: "bn.running_mean", shape: [4], floats: [0, 0, 0, 0])]
        + sequence { "fc\($0)" }),
  ]

  @Test("What is ambiguous or lacks something is refused, and the weights stay", arguments: faults)
  func refused(_ fault: Fault) throws {
    let trainer = try trainer()
    let before = try bits(trainer)
    let error = try #require(throws: InputError.self) {
      try trainer.setWeights(SafetensorsFile(fault.entries), source: "file") { _ in }
    }
    #expect(error.kind == .badData && error.message.hasPrefix("file: "))
    #expect(error.message.contains(fault.message), "\(error.message)")
    #expect(try bits(trainer) == before)
  }

  @Test("A network that does not end in the number of classes is refused")
  func classes() throws {
    // The layers up to the second would end in four classes.
    let other = Self.layers { "fc\($0).\($1 ? "weight" : "bias")" }
    for entries in [Self.own, other] {
      for (inputs, outputs) in [(3, 4), (3, 1), (4, 2), (3, 3)] {
        #expect(throws: InputError.self, "\(inputs) to \(outputs)") {
          try DenseNetwork.widths(in: SafetensorsFile(entries), inputs: inputs, outputs: outputs)
        }
      }
    }
  }

  @Test("Integers that the model needs are refused with what to do")
  func integers() throws {
    let header = #"{"w3":{"dtype":"I8","shape":[2,4],"data_offsets":[0,8]}}"#
    let quantized = try SafetensorsFile(
      bytes: withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        + Array(header.utf8) + [UInt8](repeating: 0, count: 8), name: "other")
    let error = try #require(throws: InputError.self) {
      try trainer().setWeights(
        SafetensorsFile(Self.own.filter { $0.name != "w3" } + quantized.entries))
    }
    #expect(error.message == "weights: tensor 'w3' is of type I8: convert it to F32")
  }

  // MARK: What is not finite

  @Test(
    "An element that is not finite is named; the weights stay",
    arguments: [Double.nan, .infinity, 1e39])
  func notFinite(_ value: Double) throws {
    var values = [Double](repeating: 0.5, count: 16)
    values[6] = value
    let entries = Self.own.map {
      $0.name == "w2" ? Entry(name: "w2", shape: [4, 4], doubles: values) : $0
    }
    for device in [Device.cpu, .cpu64] {
      let trainer = try trainer(on: device)
      let before = try bits(trainer)
      if value.isFinite && device.name == "cpu64" {
        try trainer.setWeights(SafetensorsFile(entries))
        continue
      }
      let error = try #require(throws: InputError.self) {
        try trainer.setWeights(SafetensorsFile(entries))
      }
      #expect(error.kind == .notFinite)
      #expect(error.message.hasPrefix("weights: tensor 'w2', element [1, 2] is "), "\(error)")
      #expect(try bits(trainer) == before)
    }
  }

  /// tanh makes ±1 of numbers that overflowed, and the loss is finite then.
  @Test("Products that overflow are noticed where an activation hides them")
  func overflow() throws {
    let entries = Self.own.map { entry in
      entry.name == "w1"
        ? Entry(name: "w1", shape: entry.shape, floats: .init(repeating: 3e38, count: 12)) : entry
    }
    for backend in TestBackend.native {
      let trainer = try trainer(on: backend.device())
      try trainer.setWeights(SafetensorsFile(entries))
      #expect(try trainer.evaluate(on: Self.data).loss.isFinite)
      if backend.isDouble {
        #expect(try trainer.finiteEvaluation(on: Self.data).loss.isFinite)
        continue
      }
      let error = try #require(throws: DivergenceError.self) {
        try trainer.finiteEvaluation(on: Self.data)
      }
      #expect(error.cause == .evaluation)
      #expect(error.description.contains("'w1', element [0, 0]"), "\(error)")
      // Large, but within range.
      try trainer.setWeights(
        SafetensorsFile(
          Self.own.map {
            $0.name == "w1"
              ? Entry(name: "w1", shape: $0.shape, floats: .init(repeating: 1e38, count: 12)) : $0
          }))
      #expect(
        try trainer.finiteEvaluation(on: Self.data).loss == trainer.evaluate(on: Self.data).loss)
    }
  }

  @Test("A checkpoint with weights that are not finite is no start")
  func checkpoint() throws {
    let trainer = try trainer()
    try trainer.train(on: Self.data, batchSize: 2, steps: 1)
    let checkpoint = try trainer.checkpoint()
    let broken = SafetensorsFile(
      checkpoint.entries.map { entry in
        entry.name == "b2"
          ? Entry(name: "b2", shape: [4], floats: [0, 0, .nan, 0]) : entry
      }, metadata: checkpoint.metadata)
    let error = try #require(throws: InputError.self) {
      try trainer.resume(from: broken, on: Self.data)
    }
    #expect(error.kind == .notFinite && error.message.contains("'b2', element [2] is nan"))
    // Nor is one with other names, which no checkpoint has.
    let renamed = SafetensorsFile(
      checkpoint.entries.map { entry in
        entry.name == "b2" ? Entry(name: "b9", shape: [4], floats: entry.floats()) : entry
      }, metadata: checkpoint.metadata)
    #expect(throws: InputError.self) { try trainer.resume(from: renamed, on: Self.data) }
  }
}
