import FoundationEssentials
import Hypertower
import Testing

@testable import HypertowerCommand

/// `make test-interop` runs exported networks in onnxruntime and as Swift programs.
@Suite("Export")
struct ExportTests {
  private func run(_ folder: String, _ arguments: String) throws -> CommandRun {
    try CommandRun(words(of: arguments, in: folder))
  }

  @Test("A network is written again as it was, and only over one that was exported")
  func files() throws {
    try withTemporaryFolder { folder in
      try NetworkFixture.weights(widths: [4, 3, 2]).write(to: folder + "/weights")
      let export = "export --weights @/weights --onnx @/n.onnx --swift @/n.swift"
      let first = try run(folder, export)
      #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
      let (onnx, swift) = (try bytes(folder + "/n.onnx"), try bytes(folder + "/n.swift"))
      let again = try run(folder, export)
      #expect(
        again.status == 0 && again.errors.contains("replacing the network of an earlier export"))
      #expect(try bytes(folder + "/n.onnx") == onnx && bytes(folder + "/n.swift") == swift)
      // The weights are there as they are, little-endian.
      let biases = [UInt8](repeating: 0, count: 12)
      #expect(onnx.firstRange(of: Array("log_probabilities".utf8)) != nil)
      #expect(onnx.firstRange(of: biases) != nil)
      #expect(
        String(decoding: swift, as: UTF8.self).contains("Tensor(base64: \"AAAAAAAAAAAAAAAA\", [3])")
      )
      for (arguments, status, message) in [
        ("export --weights @/weights", Int32(64), "give --onnx, --swift, --pytorch or --mlx"),
        ("export --weights @/weights --onnx @/x --swift @/x", 64, "name the same file"),
        (
          "export --weights @/weights --pytorch @/./weights", 64,
          "--weights reads this file: give --pytorch another name"
        ),
        ("export --weights @/weights --onnx @/weights", 64, "give --onnx another name"),
        ("export --weights @/weights --swift @/n.onnx", 73, "give --swift another name"),
        ("export --weights @/none --onnx @/x", 66, "no such file"),
        ("export --weights @/n.onnx --onnx @/x", 65, "n.onnx"),
        ("export --weights @/weights --onnx @", 73, "Is a directory"),
        ("export --weights @/weights --swift -", 64, "--swift - is not possible"),
      ] {
        let result = try run(folder, arguments)
        #expect(
          result.status == status && result.errors.contains(message),
          "\(arguments): \(result.errors)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
    }
  }

  @Test("Weights for PyTorch and MLX are read again, and replace no others")
  func layouts() throws {
    try withTemporaryFolder { folder in
      let description = NetworkDescription(
        choice: ModelChoice(.cnn, [.channels: [2, 3], .kernel: [3]]),
        input: .images(shape: [1, 12, 10], classes: 3))
      let weights = try description.network().evaluator(on: .cpu).weights()
      try SafetensorsFile(
        weights.entries, metadata: description.metadata.merging(weights.metadata) { $1 }
      )
      .write(to: folder + "/weights")
      let export = "export --weights @/weights --pytorch @/p --mlx @/m"
      for _ in 0..<2 { #expect(try run(folder, export).status == 0) }
      #expect(
        try SafetensorsFile(contentsOf: folder + "/m")["conv2.weight"]?.shape == [3, 3, 3, 2])
      #expect(try SafetensorsFile(contentsOf: folder + "/p").metadata["format"] == "pt")
      for name in ["p", "m"] {
        let again = try run(folder, "export --weights @/\(name) --pytorch @/\(name)2")
        #expect(again.status == 0, "\(again.errors)")
        #expect(try bytes(folder + "/\(name)2") == bytes(folder + "/p"))
      }
      for (other, status) in [
        ("--pytorch @/m", Int32(73)), ("--mlx @/p", 73), ("--pytorch @/weights", 64),
      ] {
        let refused = try run(folder, "export --weights @/weights \(other)")
        #expect(refused.status == status, "\(other): \(refused.errors)")
      }
    }
  }

  @Test("In a source file, normalization is a part of its convolution")
  func weights() throws {
    let description = NetworkDescription(
      choice: ModelChoice(.resnet20), input: .images(shape: [3, 8, 8], classes: 5))
    let network = try description.network()
    let trainer = try network.evaluator(on: .cpu)
    let exported = InferenceNetwork(description, network.module, try trainer.weights())
    #expect(exported.inputShape == [3, 8, 8] && exported.outputShape == [5])
    // At first running means are 0 and variances 1: the factor is 1 / √(1 + ε).
    guard case .convolution(let weight, let bias, 1, 1) = exported.layers[0] else {
      Issue.record("\(exported.layers[0])")
      return
    }
    let own = try #require(try trainer.weights()["conv.weight"]).floats()
    #expect(weight.shape == [16, 3, 3, 3] && bias.allSatisfy { $0 == 0 })
    for (folded, before) in zip(weight.elements, own) {
      #expect(abs(Double(folded) - Double(before) / (1 + 1e-5).squareRoot()) < 1e-8)
    }
  }

  @Test("A network of a table says what its inputs and outputs mean")
  func meanings() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<20).map { "\($0),\($0 % 3 == 0 ? "a\\b" : "c"),\($0 % 2)\n" }
      try Data(("x,text,kind\n" + rows.joined()).utf8).write(to: URL(filePath: folder + "/t.csv"))
      let trained = try train(folder, "--data @/t.csv --target kind --steps 1 --save @/weights")
      #expect(trained.status == 0, "\(trained.errors)")
      let export = try run(folder, "export --weights @/weights --onnx @/n.onnx --swift @/n.swift")
      #expect(export.status == 0, "\(export.errors)")
      let data = try #require(
        try SafetensorsFile(contentsOf: folder + "/weights").metadata["hypertower_data"])
      #expect(data.contains("a\\\\b"))
      let onnx = try bytes(folder + "/n.onnx")
      #expect(onnx.firstRange(of: Array("hypertower_data".utf8)) != nil)
      #expect(onnx.firstRange(of: Array(data.utf8)) != nil)
      let literal = data.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      #expect(try text(folder + "/n.swift").contains("public static let data = \"\(literal)\"\n"))
    }
  }

  @Test("An ONNX file says what features were divided by")
  func scale() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let trained = try train(folder, "--data @/data --scale 100 --steps 1 --save @/weights")
      #expect(trained.status == 0, "\(trained.errors)")
      let export = try run(folder, "export --weights @/weights --onnx @/n.onnx")
      #expect(export.status == 0, "\(export.errors)")
      #expect(try bytes(folder + "/n.onnx").firstRange(of: Array("100.0".utf8)) != nil)
    }
  }

  @Test("A network of a table has no bounds, and one for values no log-softmax")
  func tables() throws {
    for (outputs, name, ending) in [
      (NetworkDescription.Outputs.classes(2), "log_probabilities", ["linear", "logSoftmax"]),
      (.values(2), "values", ["tanh", "linear"]),
    ] {
      let description = NetworkDescription(
        choice: ModelChoice(.dense), input: .numbers(shape: [3], outputs))
      let network = try description.network()
      let trainer = try network.evaluator(on: .cpu)
      let exported = InferenceNetwork(description, network.module, try trainer.weights())
      let last = exported.layers.suffix(2).map { layer in
        if case .linear = layer { "linear" } else { "\(layer)" }
      }
      #expect(last == ending)
      let source = SwiftSource.text(of: exported, data: "[\"\u{93F}\"]", divisor: "100.0")
      #expect(source.utf8.contains(#"data = "[\"\#u{93F}\"]""#.utf8))
      #expect(source.contains("scaled as in training: divided by 100.0"))
      let loaded = try LoadedNetwork(
        description, try trainer.weights(), source: "weights", on: .cpu)
      #expect(try ONNXFile(loaded).bytes.firstRange(of: Array(name.utf8)) != nil)
    }
  }
}
