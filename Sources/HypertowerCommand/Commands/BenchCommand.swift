import ArgumentParser
import Datasets
import Hypertower

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times a training step by the height of the tower.",
    discussion: """
      The network is by default the paper's (784–128–10, tanh) at batch 300 on MNIST; with --model it is \
      another one, of its default sizes unless others are given, on made-up data. Every SGD \
      level has the step size 0.01, every Adam level 1e-7. A time is that of 40 steps and a wait \
      for the device, divided by 40; before each 40 steps everything goes back to its initial state. \
      GFLOP/s count the operations of all matrix products, those with zeros that are left out included.
      """)

  @Option(
    help: ArgumentHelp(
      "The heights of the towers, a list; default: 0,1,2,5,10,20,50.", valueName: "heights"),
    transform: { try IntegerList($0, in: 0...greatestHeight) })
  var heights = IntegerList([0, 1, 2, 5, 10, 20, 50])

  private static let greatestHeight = 4095

  @Option(help: "The rule of all levels: sgd, adam, or both as sgd,adam.")
  var towers = "sgd,adam"

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp(
      "Time this tower in place of those by height; may be given several times.",
      valueName: "tower"))
  var optimizers: [String] = []

  @Flag(
    help: """
      Time each --optimizer once more with what `train` adds to the default tower: the first step \
      limited, and an average of the weights.
      """)
  var asDefault = false

  @Option(help: "How often the 40 steps of a tower are timed; the median counts.")
  var rounds = 9

  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var network: BenchmarkOptions

  @Flag(help: "Time a step's arithmetic and its products alone, in place of towers.")
  var floor = false

  @Flag(help: "Show what each launch of a step takes, in place of whole steps.")
  var launches = false

  @Flag(
    help: ArgumentHelp(
      "Time one step from the choice of the device on, building kernels included.",
      discussion: "For the first of --towers and of --heights; what was built before is cached."))
  var firstStep = false

  @Flag(
    help: "Send batches while steps run, as of data that do not fit on the device.")
  var streamed = false

  @Flag(
    help: """
      Print JSON: an array with one object for each tower, or one object for --floor and \
      --first-step.
      """)
  var json = false

  private var towerNames: [String] { towers.split(separator: ",").map { String($0.trimmed) } }

  func validate() throws {
    guard 1...10_000 ~= rounds else {
      throw ValidationError("--rounds \(rounds) is out of range: it must lie in 1...10000")
    }
    if let other = towerNames.first(where: { !["sgd", "adam"].contains($0) }) {
      throw ValidationError("--towers \(other): known are sgd and adam")
    }
    guard [floor, launches, firstStep].filter({ $0 }).count <= 1 else {
      throw ValidationError(
        "--floor, --launches and --first-step exclude each other: give one of them")
    }
    if !optimizers.isEmpty && (floor || launches || firstStep) {
      throw ValidationError(
        "--optimizer is timed as a whole: leave --floor, --launches and --first-step out")
    }
    if streamed && (floor || launches || firstStep) {
      throw ValidationError(
        "--streamed is for whole steps: leave --floor, --launches and --first-step out")
    }
    if asDefault && optimizers.isEmpty {
      throw ValidationError("--as-default needs --optimizer")
    }
    guard !towerNames.isEmpty else { throw ValidationError("--towers is empty") }
  }

  func run() throws {
    let network = try network.network()
    if launches { return try printLaunches(network) }
    if firstStep { return try printFirstStep(network) }
    var device = try device.device()
    if streamed { device = device.keepingNoData }
    if floor { return try printFloor(try StepFloor(network, on: device, rounds: rounds), device) }
    let benchmark = try StepBenchmark(network, settings(), on: device)
    let results = try benchmark.run(rounds: rounds)
    let lines = try json ? [jsonText(results, device)] : text(results, network, device)
    for line in lines { try Console.print(line) }
  }

  // MARK: Towers

  private func settings() throws -> [StepBenchmark.Setting] {
    if optimizers.isEmpty {
      return towerNames.flatMap { name in heights.values.map { .init(name, height: $0) } }
    }
    return try optimizers.flatMap { notation in
      let tower = try TowerOptions.given(notation)
      let plain = Optimization(tower: tower)
      let full = Optimization(
        tower: tower, firstStep: AdditionOptions.standardFirstStep,
        average: AdditionOptions.standardAverage)
      return (asDefault ? [plain, full] : [plain]).map(StepBenchmark.Setting.init)
    }
  }

  private func text(
    _ results: [StepBenchmark.Result], _ network: BenchmarkNetwork, _ device: Device
  ) throws -> [String] {
    let operations = try network.products(on: device).operations
    let header = ["tower", "height", "median", "fastest", "slowest", "GFLOP/s", "MB", "final loss"]
    let rows = results.map { result in
      [
        result.tower, "\(result.height)".rightAligned(in: 6), milliseconds(result.median),
        milliseconds(result.fastest), milliseconds(result.slowest),
        formatted("%7.1f", operations / result.median / 1e6),
        result.deviceBytes.map { formatted("%.3f", Double($0) / 1e6) } ?? "",
        formatted("%.6f", result.finalLoss),
      ]
    }
    return [
      "\(network.description), \(rounds) rounds of \(BenchmarkNetwork.steps) steps, "
        + "milliseconds a step" + (streamed ? ", batches sent by the host" : ""),
      "device \(device)" + (device.tuning.map { ", schedules \($0)" } ?? ""), "",
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
          ("device_bytes", result.deviceBytes.map(JSONText.integer) ?? .null),
          ("is_streamed", .bool(streamed)),
          ("device", .string(device.description)),
          ("schedules", device.tuning.map(JSONText.string) ?? .null),
        ])
      }
    ).text
  }

  // MARK: Floors and launches

  private func printFloor(_ floor: StepFloor, _ device: Device) throws {
    let lines =
      json
      ? [
        JSONText.object([
          ("fma_peak_gflops", .number(floor.peak)), ("products_ms", .number(floor.products)),
          ("square_product_gflops", .number(floor.squareProduct)),
          ("arithmetic_ms", .number(floor.arithmetic)), ("step_gflop", .number(floor.operations)),
          ("device", .string(device.description)),
        ]).text
      ]
      : table([
        ["device", device.description],
        ["multiply-adds", formatted("%.1f GFLOP/s at most", floor.peak)],
        ["a product of 2,048³", formatted("%.1f GFLOP/s", floor.squareProduct)],
        [
          "arithmetic of a step",
          formatted("%.4f GFLOP, ", floor.operations)
            + formatted("%.3f ms at that rate", floor.arithmetic),
        ],
        ["its products alone", formatted("%.3f ms", floor.products)],
      ])
    for line in lines { try Console.print(line) }
  }

  private func printLaunches(_ network: BenchmarkNetwork) throws {
    let device = try device.device(isTimed: true)
    var towers: [JSONText] = []
    for name in towerNames {
      for height in heights.values {
        let trainer = try network.trainer(
          StepBenchmark.Setting(name, height: height).optimization, on: device)
        let times = try LaunchTimes(network, trainer)
        if json {
          let launches = times.rows.map {
            JSONText.object([
              ("label", .string($0.label)), ("median_us", .number($0.microseconds)),
            ])
          }
          towers.append(
            .object([
              ("tower", .string(name)), ("height", .integer(height)),
              ("launches", .array(launches)),
            ]))
        } else {
          for line in ["\(name), height \(height)"] + times.lines { try Console.print(line) }
        }
      }
    }
    if json { try Console.print(JSONText.array(towers).text) }
  }

  private func printFirstStep(_ network: BenchmarkNetwork) throws {
    let start = ContinuousClock.now
    let device = try device.device()
    let (name, height) = (towerNames[0], heights.values[0])
    let trainer = try network.trainer(
      StepBenchmark.Setting(name, height: height).optimization, on: device)
    var loss = Double.nan
    try trainer.train(
      on: network.data, batchSize: network.batchSize, steps: 1, shuffled: false
    ) { loss = $0.last?.loss ?? loss }
    let milliseconds = (ContinuousClock.now - start).seconds * 1000
    if json {
      let result = JSONText.object([
        ("tower", .string(name)), ("height", .integer(height)),
        ("first_step_ms", .number(milliseconds)), ("loss", .number(loss)),
        ("device", .string(device.description)),
      ])
      return try Console.print(result.text)
    }
    try Console.print(
      "\(name), height \(height): first step after \(formatted("%.0f", milliseconds)) ms, "
        + "loss \(formatted("%.4f", loss))")
  }
}
