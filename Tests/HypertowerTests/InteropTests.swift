import FoundationEssentials
import Testing

@testable import Hypertower

/// Weights of PyTorch and MLX, which `Tests/Interop/check_weights.py` writes and reads.
///
/// `HYPERTOWER_INTEROP` is a folder that has, for each library and case, `pytorch/lstm.safetensors` with weights and
/// `pytorch/lstm.values.safetensors` with an `input` and the `output` for it. Weights of ours are written beside them,
/// as `pytorch/lstm.ours.safetensors` and `pytorch/lstm.ours.values.safetensors`.
@Suite(
  "Weights that other libraries have written and read",
  .enabled(if: ProcessInfo.processInfo.environment["HYPERTOWER_INTEROP"] != nil))
struct InteropTests {
  @Test(arguments: WeightLayout.allCases, InteropCase.all.map(\.name))
  func agree(layout: WeightLayout, name: String) throws {
    let folder = ProcessInfo.processInfo.environment["HYPERTOWER_INTEROP"]!
    let beginning = "\(folder)/\(layout.rawValue)/\(name)"
    let own = try #require(InteropCase.all.first { $0.name == name })
    let trainer = try own.trainer()
    var notes: [String] = []
    try trainer.load("\(beginning).safetensors") { notes.append($0) }
    #expect(notes.allSatisfy { !$0.contains("left out") }, "\(notes)")
    let values = try SafetensorsFile(contentsOf: "\(beginning).values.safetensors")
    let (input, output) = (try #require(values["input"]), try #require(values["output"]))
    assertClose(
      try trainer.outputs(for: input.floats()), output.doubles(), .absolute(1e-5),
      "\(name) of \(layout.libraryName)")

    try trainer.setWeights(own.drawnWeights(seed: 5))
    try trainer.save("\(beginning).ours.safetensors", layout: layout)
    let inputs = own.drawnInputs(count: 3, seed: 6)
    let outputs = try trainer.outputs(for: inputs)
    try SafetensorsFile([
      .init(name: "input", shape: [3] + own.sample, floats: inputs),
      .init(name: "output", shape: [outputs.count], floats: outputs.map { Float($0) }),
    ]).write(to: "\(beginning).ours.values.safetensors")
  }
}
