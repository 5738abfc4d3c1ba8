import Glibc
import OpenCL
import Testing

@testable import Hypertower

/// What only libraries between the tests and OpenCL can see, as `make faults` preloads them.
@Suite(.serialized, .enabled(if: FailingOpenCL.isLoaded)) struct FaultTests {
  private func trainer(_ device: OpenCLDevice) throws -> Trainer {
    try Trainer(
      TrainingTests.network, loss: .negativeLogLikelihood,
      optimizer: Adam() / SGD(1e-4) / RMSProp(),
      on: Device(name: "opencl", backend: OpenCLBackend(device)))
  }

  /// A run with everything that a training run does, from listing devices on.
  private func run() throws {
    for device in try OpenCLDevice.all() {
      let trainer = try trainer(device)
      try trainer.train(on: TrainingTests.data, batchSize: 30, steps: 6, reportEvery: 2) { _ in }
      _ = try trainer.accuracy(on: TrainingTests.data)
      _ = try trainer.checkpoint()
      _ = try trainer.tower
    }
  }

  @Test func everyFaultIsAnErrorAndLeavesNothing() throws {
    let shim = try #require(FailingOpenCL())
    // Drivers keep things from their first use on.
    try run()
    let objects = shim.objects
    shim.fail(call: 0)
    try run()
    let calls = shim.calls
    #expect(calls > 50)
    #expect(shim.objects == objects)
    var errors = 0
    for call in 1...calls {
      shim.fail(call: call)
      do {
        try run()
      } catch let error as OpenCLError {
        #expect(error.call.hasPrefix("cl"))
        errors += 1
      }
      #expect(shim.objects == objects, "call \(call)")
    }
    shim.fail(call: 0)
    print("\(calls) calls, \(errors) errors, \(shim.objects - objects) objects left")
    #expect(errors == calls)
  }

  private func residentBytes() throws -> Int {
    let file = try #require(fopen("/proc/self/statm", "r"))
    defer { fclose(file) }
    var line = [UInt8](repeating: 0, count: 256)
    let count = fread(&line, 1, line.count, file)
    let fields = String(decoding: line[..<count], as: UTF8.self).split(separator: " ")
    return try #require(Int(fields[1])) * Int(getpagesize())
  }

  @Test func aLongRunTakesNoMore() throws {
    let shim = try #require(FailingOpenCL())
    for device in try OpenCLDevice.all() {
      let trainer = try trainer(device)
      func train(_ steps: Int) throws -> (objects: Int, bytes: Int) {
        try trainer.train(on: TrainingTests.data, batchSize: 30, steps: steps, reportEvery: 10) {
          _ in
        }
        try trainer.synchronize()
        return (shim.objects, try residentBytes())
      }
      let early = try train(10)
      var late = early
      for _ in 0..<10 {
        late = try train(999)
        #expect(late.objects == early.objects)
      }
      let growth = late.bytes - early.bytes
      print("10,000 steps: \(late.objects) objects as after 10, \(growth) bytes more")
      #expect(growth < 1 << 20)
    }
  }
}
