package import OpenCL

extension Device {
  /// The device of that name: `cpu`, `cpu64`, `opencl:N`, or `gpu` for the first OpenCL GPU.
  ///
  /// - Parameters:
  ///   - name: see above.
  ///   - cacheDirectory: where built kernels are kept; default: the user's cache folder.
  ///   - warn: is told of faults that do not keep the device from working, a line each.
  /// - Throws: `InputError` for an unknown name or a device that does not exist or cannot be used;
  ///   `OpenCLError`; `DriverCacheError`.
  public static func named(
    _ name: String, cacheDirectory: String? = nil,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> Device {
    try named(name, cacheDirectory: cacheDirectory, isTimed: false, warn: warn)
  }

  /// The device of that name.
  ///
  /// - Parameter isTimed: whether an OpenCL device measures every launch.
  package static func named(
    _ name: String, cacheDirectory: String? = nil, isTimed: Bool,
    warn: @escaping @Sendable (String) -> Void
  ) throws -> Device {
    switch name {
    case "cpu": return .cpu
    case "cpu64": return .cpu64
    case "gpu":
      let drivers = try InstalledDrivers()
      guard let number = firstIndex(of: .gpu, in: drivers.devices) else {
        throw InputError(.noDevice, "--device gpu: \(drivers.reasonForNoGPU)")
      }
      return try openCL(number, of: drivers, cacheDirectory, isTimed: isTimed, warn)
    default:
      let digits = name.dropFirst("opencl:".count)
      guard name.hasPrefix("opencl:"), !digits.isEmpty, digits.allSatisfy(\.isWholeNumber) else {
        throw InputError(
          .usage, "unknown device '\(name)'; devices are cpu, cpu64, gpu, opencl:0, opencl:1, …")
      }
      return try openCL(
        Int(digits) ?? .max, of: InstalledDrivers(), cacheDirectory, isTimed: isTimed, warn)
    }
  }

  /// The best device: a GPU, else an OpenCL CPU device, else the CPU backend.
  ///
  /// - Parameters:
  ///   - cacheDirectory: where built kernels are kept; default: the user's cache folder.
  ///   - warn: is told, a line each, of drivers that cannot be used, and if the CPU backend is what
  ///     remains; default: prints to the standard error stream.
  public static func preferred(
    cacheDirectory: String? = nil, warn: (@Sendable (String) -> Void)? = nil
  ) throws -> Device {
    try preferred(
      cacheDirectory: cacheDirectory, isTimed: false, warn: warn ?? { printToStandardError($0) })
  }

  /// The best device.
  ///
  /// - Parameters:
  ///   - isTimed: whether an OpenCL device measures every launch.
  ///   - rank: the number of this process among those on this machine that share its GPUs; default: 0.
  package static func preferred(
    cacheDirectory: String? = nil, isTimed: Bool, rank: Int = 0,
    warn: @escaping @Sendable (String) -> Void
  ) throws -> Device {
    let drivers = try InstalledDrivers()
    guard let number = preferredIndex(drivers.devices, rank: rank) else {
      warn("going on with the CPU backend, which is slower: \(drivers.reasonForNoDevice)")
      return .cpu
    }
    return try openCL(number, of: drivers, cacheDirectory, isTimed: isTimed, warn)
  }

  /// The number of the device that `preferred` takes; nil if there is none.
  ///
  /// - Parameter rank: of several GPUs, or other accelerators, each rank takes the next; default: 0.
  package static func preferredIndex(_ devices: [OpenCLDevice], rank: Int = 0) -> Int? {
    for kind in [OpenCLDevice.Kind.gpu, .accelerator, .cpu] {
      let fast = devices.indices.filter {
        devices[$0].kind == kind && devices[$0].obstacle == nil && !devices[$0].isSlow
      }
      // Several drivers of the processor are no several processors.
      if !fast.isEmpty { return fast[kind == .cpu ? 0 : rank % fast.count] }
    }
    return firstIndex(of: .cpu, in: devices)
  }

  /// The number of the first device of that kind on which programs can run; nil if there is none.
  package static func firstIndex(
    of kind: OpenCLDevice.Kind, in devices: [OpenCLDevice]
  ) -> Int? {
    devices.firstIndex { $0.kind == kind && $0.obstacle == nil }
  }

  private static func openCL(
    _ number: Int, of drivers: InstalledDrivers, _ cacheDirectory: String?, isTimed: Bool,
    _ warn: @escaping @Sendable (String) -> Void
  ) throws -> Device {
    let devices = drivers.devices
    guard devices.indices.contains(number) else {
      let known =
        devices.isEmpty
        ? drivers.reasonForNoDevice
        : (["there are \(devices.indices.map { "opencl:\($0)" }.joined(separator: ", "))"]
          + drivers.failures).joined(separator: "; ")
      throw InputError(.noDevice, "there is no device opencl:\(number): \(known)")
    }
    let device = devices[number]
    if let obstacle = device.obstacle {
      throw InputError(.noDevice, "opencl:\(number), \(device), \(obstacle)")
    }
    for line in drivers.failures + drivers.warnings(about: device) { warn(line) }
    let cacheDirectory = cacheDirectory ?? ProgramCache.defaultDirectory()
    // PoCL keeps what it compiles by itself; asked for a binary, it compiles every kernel once
    // more, for work-groups of any size, which takes longer than all else.
    let directory =
      device.platformName == "Portable Computing Language" ? nil : cacheDirectory
    let cache = ProgramCache(directory: directory, warn: warn)
    return Device(
      name: "opencl:\(number)",
      backend: try OpenCLBackend(
        device, cache: cache, choices: tuningChoices(for: device, in: cacheDirectory, warn),
        isTimed: isTimed, warn: warn))
  }

  /// What tuning has found for a device; nothing, with a warning, if its file is damaged.
  private static func tuningChoices(
    for device: OpenCLDevice, in directory: String?, _ warn: (String) -> Void
  ) -> TuningChoices {
    guard let directory else { return TuningChoices() }
    do {
      return try TuningChoices(
        contentsOf: TuningChoices.path(for: device, in: directory))
    } catch {
      warn("going on with default schedules: \(error)")
      return TuningChoices()
    }
  }
}

/// The OpenCL drivers of this machine, as they are now.
private struct InstalledDrivers {
  private let platforms: [Platform]
  /// In the order of the numbers in `opencl:0`, `opencl:1`, ….
  let devices: [OpenCLDevice]

  init() throws {
    platforms = try Platform.all()
    devices = platforms.flatMap(\.devices)
  }

  /// A line for each driver that is left out.
  var failures: [String] { platforms.compactMap(\.failureLine) }

  /// What a user should know of the driver of a device.
  func warnings(about device: OpenCLDevice) -> [String] {
    platforms.filter { $0.name == device.platformName }.compactMap(\.warning)
  }

  /// Why no device can be used, and what to do.
  var reasonForNoDevice: String {
    let obstacles = devices.compactMap { device in device.obstacle.map { "\(device) \($0)" } }
    let reasons = failures + obstacles
    return reasons.isEmpty
      ? "no OpenCL device found; \(DriverInstallation.hint)" : reasons.joined(separator: "; ")
  }

  var reasonForNoGPU: String {
    if let gpu = devices.first(where: { $0.kind == .gpu }), let obstacle = gpu.obstacle {
      return "\(gpu) \(obstacle)"
    }
    return
      (["there is no OpenCL GPU here"]
      + (failures.isEmpty ? [DriverInstallation.hint] : failures)).joined(separator: "; ")
  }
}

extension Platform {
  /// Why the platform has no devices, if its driver failed, in a line.
  package var failureLine: String? {
    switch failure {
    case nil: nil
    // These name the driver.
    case let error as DriverCacheError: "\(error)"
    case let error?: "platform \(name) cannot list its devices: \(error)"
    }
  }
}

extension OpenCLDevice {
  /// Whether a step takes two hundred times what it takes PoCL on the same processor, as with Mesa's
  /// rusticl on a CPU (Mesa 22.3).
  package var isSlow: Bool { Self.isSlow(kind, platformName: platformName) }

  static func isSlow(_ kind: Kind, platformName: String) -> Bool {
    kind == .cpu && platformName == "rusticl"
  }

  /// What keeps programs from running here, to follow the device's name; nil if nothing does.
  package var obstacle: String? {
    Self.obstacle(
      isAvailable: isAvailable, hasCompiler: compilerAvailable,
      greatestWorkGroup: maxWorkGroupSize, needed: DeviceProfile(for: self).groupSize)
  }

  static func obstacle(
    isAvailable: Bool, hasCompiler: Bool, greatestWorkGroup: Int, needed: Int
  ) -> String? {
    if !isAvailable { return "is not available" }
    if !hasCompiler { return "has no compiler" }
    if greatestWorkGroup < needed {
      return "has work-groups of at most \(greatestWorkGroup) work-items; \(needed) are needed"
    }
    return nil
  }
}
