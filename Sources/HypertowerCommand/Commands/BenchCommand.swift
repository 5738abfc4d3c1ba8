import ArgumentParser
import Datasets
import Hypertower

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times a training step by the height of the tower.",
    discussion: """
      The network is the paper's (784–128–10, tanh) at batch 300 on MNIST; every SGD level has the \
      step size 0.01, every Adam level 1e-7. A time is that of 40 steps and a wait for the device, \
      divided by 40; before each 40 steps everything goes back to its initial state.
      """)

  @Option(
    help: ArgumentHelp(
      "The heights of the towers, a list; default: 0,1,2,5,10,20,50.", valueName: "heights"),
    transform: { try IntegerList($0, in: 0...greatestHeight) })
  var heights = IntegerList([0, 1, 2, 5, 10, 20, 50])

  private static let greatestHeight = 4095

  @Option(help: "How often the 40 steps of a tower are timed; the median counts.")
  var rounds = 9

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Print a JSON array with one object for each tower.")
  var json = false

  func validate() throws {
    guard 1...10_000 ~= rounds else {
      throw ValidationError("--rounds \(rounds) is out of range: it must lie in 1...10000")
    }
  }

  func run() throws {
    let device = try device.device()
    let benchmark = try StepBenchmark(heights: heights.values, on: device)
    let results = try benchmark.run(rounds: rounds)
    let lines = json ? [jsonText(results, device)] : text(results, device)
    for line in lines { try Console.print(line) }
  }

  private func text(_ results: [StepBenchmark.Result], _ device: Device) -> [String] {
    let header = ["tower", "height", "median", "fastest", "slowest", "final loss"]
    let rows = results.map { result in
      [
        result.tower, "\(result.height)".rightAligned(in: 6), milliseconds(result.median),
        milliseconds(result.fastest), milliseconds(result.slowest),
        formatted("%.6f", result.finalLoss),
      ]
    }
    return [
      "784–128–10, batch \(StepBenchmark.batchSize), \(rounds) rounds of \(StepBenchmark.steps) "
        + "steps, milliseconds a step",
      "device \(device)", "",
    ] + table([header] + rows)
  }

  private func milliseconds(_ value: Double) -> String { formatted("%7.3f", value) }

  private func jsonText(_ results: [StepBenchmark.Result], _ device: Device) -> String {
    JSONText.array(
      results.map { result in
        .object([
          ("tower", .string(result.tower)), ("height", .integer(result.height)),
          ("median_ms", .number(result.median)), ("fastest_ms", .number(result.fastest)),
          ("slowest_ms", .number(result.slowest)), ("final_loss", .number(result.finalLoss)),
          ("device", .string(device.description)),
        ])
      }
    ).text
  }
}
