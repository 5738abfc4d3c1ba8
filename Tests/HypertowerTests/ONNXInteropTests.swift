import FoundationEssentials
import Testing

@testable import Hypertower

/// Models for onnxruntime, which `Tests/Interop/check_onnx.py` runs.
///
/// `HYPERTOWER_ONNX` is a folder where each case leaves `lstm.onnx`, and in `lstm.safetensors` an `input` of five
/// samples, the `output` for all of them and that for the first alone, `first`.
@Suite(
  "Models that onnxruntime runs",
  .enabled(if: ProcessInfo.processInfo.environment["HYPERTOWER_ONNX"] != nil))
struct ONNXInteropTests {
  @Test(arguments: ONNXCase.all.map(\.name))
  func write(name: String) throws {
    let beginning = "\(ProcessInfo.processInfo.environment["HYPERTOWER_ONNX"]!)/\(name)"
    let own = try #require(ONNXCase.all.first { $0.name == name })
    let weights = own.drawnWeights(seed: 5)
    try own.file(weights).write(to: "\(beginning).onnx")
    let inputs = own.drawnInputs(count: 5, seed: 6)
    let all = try own.outputs(for: inputs, weights)
    let first = try own.outputs(for: Array(inputs.prefix(own.sample.elementCount)), weights)
    try SafetensorsFile([
      .init(name: "input", shape: [5] + own.sample, floats: inputs),
      .init(name: "output", shape: all.shape, floats: all.values),
      .init(name: "first", shape: first.shape, floats: first.values),
    ]).write(to: "\(beginning).safetensors")
  }
}
