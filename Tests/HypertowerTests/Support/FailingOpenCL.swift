import Glibc

/// The functions of `failing_opencl.c` and `counting_opencl.c` in `Tests/Reliability`, where those
/// libraries were preloaded.
struct FailingOpenCL {
  private let failCall: @convention(c) (Int) -> Void
  private let countCalls: @convention(c) () -> Int
  private let countObjects: @convention(c) () -> Int

  static var isLoaded: Bool { FailingOpenCL() != nil }

  private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }

  init?() {
    guard let failCall = Self.symbol("fail_opencl_call"),
      let countCalls = Self.symbol("count_opencl_calls"),
      let countObjects = Self.symbol("count_opencl_objects")
    else { return nil }
    self.failCall = unsafeBitCast(failCall, to: (@convention(c) (Int) -> Void).self)
    self.countCalls = unsafeBitCast(countCalls, to: (@convention(c) () -> Int).self)
    self.countObjects = unsafeBitCast(countObjects, to: (@convention(c) () -> Int).self)
  }

  /// Lets the nth call from now on fail; none if that is 0.
  func fail(call: Int) { failCall(call) }
  /// The number of calls since then.
  var calls: Int { countCalls() }
  /// The number of objects that were created and not released.
  var objects: Int { countObjects() }
}
