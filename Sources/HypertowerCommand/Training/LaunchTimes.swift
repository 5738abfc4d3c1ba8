import Hypertower

/// What each launch of a step of a benchmark takes on an OpenCL device.
struct LaunchTimes {
  /// The launches in their order with their medians.
  let rows: [(label: String, microseconds: Double)]

  /// - Parameter trainer: on a timed OpenCL device; it takes some steps.
  init(_ network: BenchmarkNetwork, _ trainer: Trainer) throws {
    guard let backend = trainer.device.backend as? OpenCLBackend else {
      throw Failure(.usage, "--launches needs an OpenCL device; this is \(trainer.device)")
    }
    let steps = BenchmarkNetwork.steps
    let start = try trainer.snapshot()
    func takeSteps() throws -> [(label: String, nanoseconds: UInt64)] {
      try trainer.restore(start)
      try network.takeSteps(trainer)
      return try backend.takeTimings()
    }
    _ = try takeSteps()
    let timings = try takeSteps()
    let launches = timings.count / steps
    rows = (0..<launches).map { launch in
      let own = stride(from: launch, to: timings.count, by: launches).map {
        Double(timings[$0].nanoseconds) / 1000
      }
      return (timings[launch].label, own.sorted()[steps / 2])
    }
  }

  /// The launches and, at the end, their sum.
  var lines: [String] {
    let total = rows.reduce(0) { $0 + $1.microseconds }
    return (rows + [("all launches", total)]).map {
      formatted("%9.1f µs  ", $0.microseconds) + $0.label
    }
  }
}
