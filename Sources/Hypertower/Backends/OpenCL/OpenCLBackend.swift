internal import Kernels
package import OpenCL

/// Runs programs on an OpenCL device.
///
/// Preparing a program plans its launches, builds all kernels as one OpenCL program and binds their
/// arguments, so that a run enqueues launches and does nothing else.
package final class OpenCLBackend: Backend {
  let context: DeviceContext
  package let queue: CommandQueue
  let cache: ProgramCache
  let profile: DeviceProfile
  private var runsSinceFlush = 0
  /// Whether the device times every launch.
  private let isTimed: Bool
  /// Whether the device has a fence, known to `phases.cl`, that orders memory for all work-groups.
  package let canJoinPhases: Bool
  /// Whether one launch goes through phases one after another.
  let joinsPhases: Bool
  private var timings: [(label: String, event: Event)] = []
  /// Is told what makes programs slower than they could be.
  let warn: @Sendable (String) -> Void
  var hasWarnedOfArguments = false

  /// After how many runs the device is told to start on what was enqueued; also the most replays of
  /// one launch: enough that launching costs next to nothing, and few enough that work-groups that
  /// have left it are soon back.
  static let flushInterval = 8

  /// - Parameters:
  ///   - device: where programs run.
  ///   - profile: how kernels are laid out; default: as suits the kind of device.
  ///   - cache: where built kernels are kept; default: nowhere.
  ///   - choices: what tuning has found; default: what `profile` has.
  ///   - isTimed: whether the device measures every launch, for which phases are launches of their
  ///     own; default: false.
  ///   - byte: what new memory is filled with, to find out what is read before it was written;
  ///     default: nothing.
  ///   - warn: is told, in a line, what makes programs slower than they could be.
  package init(
    _ device: OpenCLDevice, profile: DeviceProfile? = nil,
    cache: ProgramCache = ProgramCache(directory: nil), choices: TuningChoices? = nil,
    isTimed: Bool = false, fillNewBuffersWith byte: UInt8? = nil,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    self.warn = warn
    context = try DeviceContext(device: device, fillNewBuffersWith: byte)
    queue = try CommandQueue(context, profiling: isTimed)
    self.isTimed = isTimed
    self.cache = cache
    var profile = profile ?? DeviceProfile(for: device)
    if let choices { profile.choices = choices }
    self.profile = profile
    canJoinPhases = device.kind == .cpu || device.takesPTX
    // Phases of one launch have no times of their own.
    joinsPhases =
      canJoinPhases && !isTimed && (profile.choices.joinsPhases ?? profile.joinsPhases)
  }

  /// A backend on the same device that uses other choices.
  package func with(_ choices: TuningChoices) throws -> OpenCLBackend {
    var profile = profile
    profile.choices = choices
    return try OpenCLBackend(context.device, profile: profile, cache: cache)
  }

  /// Whether one launch goes through phases one after another where tuning has found nothing.
  package var joinsPhasesByDefault: Bool { profile.joinsPhases }

  /// What tuning has found and programs use.
  package var choices: TuningChoices { profile.choices }

  package var description: String { "\(context.device)" }
  /// The number of bytes of device memory in use.
  package var allocatedBytes: Int { context.allocatedBytes }
  package var realSize: Int { MemoryLayout<Float>.size }
  package var memorySize: Int { context.device.globalMemorySize }
  /// What the driver allows, and of the device's memory at most a half, to leave room for the rest.
  package var largestArray: Int {
    Swift.min(context.device.maxAllocationSize, context.device.globalMemorySize / 2)
  }

  package func run(_ executable: any Executable, from alternative: Int, count: Int) throws {
    guard let executable = executable as? OpenCLExecutable else {
      fatalError("OpenCLBackend: a program of another backend")
    }
    for start in stride(from: 0, to: count, by: Self.flushInterval) {
      let (first, count) = (alternative + start, Swift.min(Self.flushInterval, count - start))
      if isTimed {
        timings += try executable.enqueueTimed(from: first, count: count, on: queue)
      } else {
        try executable.enqueue(from: first, count: count, on: queue)
      }
      runsSinceFlush += count
      if runsSinceFlush >= Self.flushInterval {
        try queue.flush()
        runsSinceFlush = 0
      }
    }
  }

  package func synchronize() throws { try queue.finish() }

  /// What each launch since the last call took, in nanoseconds, in the order of launches; none
  /// unless the backend is timed. Waits for them.
  package func takeTimings() throws -> [(label: String, nanoseconds: UInt64)] {
    defer { timings.removeAll() }
    return try timings.map { ($0.label, try queue.nanoseconds(of: $0.event)) }
  }
}
