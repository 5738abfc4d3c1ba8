package import OpenCL

extension Device {
  /// The device of that name: `cpu`, `cpu64`, `opencl:N`, or `gpu` for the first OpenCL GPU.
  ///
  /// - Parameters:
  ///   - name: see above.
  ///   - cacheDirectory: where built kernels are kept; default: the user's cache folder.
  ///   - warn: is told of faults that do not keep the device from working.
  /// - Throws: `InputError` for a name that is none or a device that is not there; `OpenCLError`.
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
      let devices = try OpenCL.Device.all()
      guard let number = firstIndex(of: .gpu, in: devices) else {
        let unusable = devices.first { $0.kind == .gpu }
        throw InputError(
          .noDevice,
          "--device gpu: "
            + (unusable.flatMap { device in device.obstacle.map { "\(device) \($0)" } }
              ?? "there is no OpenCL GPU here; \(installHint)"))
      }
      return try openCL(number, cacheDirectory, isTimed: isTimed, warn)
    default:
      let digits = name.dropFirst("opencl:".count)
      guard name.hasPrefix("opencl:"), !digits.isEmpty, digits.allSatisfy(\.isWholeNumber) else {
        throw InputError(
          .usage, "unknown device '\(name)'; devices are cpu, cpu64, gpu, opencl:0, opencl:1, …")
      }
      return try openCL(Int(digits) ?? .max, cacheDirectory, isTimed: isTimed, warn)
    }
  }

  /// The best device there is: a GPU, else an OpenCL CPU device, else the CPU backend.
  ///
  /// - Parameters:
  ///   - cacheDirectory: where built kernels are kept; default: the user's cache folder.
  ///   - warn: is told in one line if there is no OpenCL device, and what to install; default:
  ///     prints it to the standard error stream.
  public static func preferred(
    cacheDirectory: String? = nil, warn: (@Sendable (String) -> Void)? = nil
  ) throws -> Device {
    let warn = warn ?? { printToStandardError($0) }
    guard let number = try preferredIndex(OpenCL.Device.all()) else {
      warn("no OpenCL device found, going on with the CPU backend; \(installHint)")
      return .cpu
    }
    return try openCL(number, cacheDirectory, isTimed: false, warn)
  }

  /// The number of the device that `preferred` takes; nil if there is none.
  package static func preferredIndex(_ devices: [OpenCL.Device]) -> Int? {
    [.gpu, .accelerator, .cpu].lazy.compactMap { firstIndex(of: $0, in: devices) }.first
  }

  /// The number of the first device of that kind on which programs can run; nil if there is none.
  package static func firstIndex(
    of kind: OpenCL.Device.Kind, in devices: [OpenCL.Device]
  ) -> Int? {
    devices.firstIndex { $0.kind == kind && $0.obstacle == nil }
  }

  /// What to do where there is no OpenCL device.
  package static let installHint =
    "install your GPU's OpenCL driver, or for the CPU: apt-get install pocl-opencl-icd"

  private static func openCL(
    _ number: Int, _ cacheDirectory: String?, isTimed: Bool,
    _ warn: @escaping @Sendable (String) -> Void
  ) throws -> Device {
    let devices = try OpenCL.Device.all()
    guard devices.indices.contains(number) else {
      let known =
        devices.isEmpty
        ? "there is no OpenCL device here; \(installHint)"
        : "there are \(devices.indices.map { "opencl:\($0)" }.joined(separator: ", "))"
      throw InputError(.noDevice, "there is no device opencl:\(number); \(known)")
    }
    if let obstacle = devices[number].obstacle {
      throw InputError(.noDevice, "opencl:\(number), \(devices[number]), \(obstacle)")
    }
    let cacheDirectory = cacheDirectory ?? ProgramCache.defaultDirectory()
    // PoCL keeps what it compiles by itself; asked for a binary, it compiles every kernel once
    // more, for work-groups of any size, which takes longer than all else.
    let directory =
      devices[number].platformName == "Portable Computing Language"
      ? nil : cacheDirectory
    let cache = ProgramCache(directory: directory, warn: warn)
    return Device(
      name: "opencl:\(number)",
      backend: try OpenCLBackend(
        devices[number], cache: cache,
        choices: tuningChoices(for: devices[number], in: cacheDirectory, warn),
        isTimed: isTimed))
  }

  /// What tuning has found for a device; nothing, said aloud, from a file that is damaged.
  private static func tuningChoices(
    for device: OpenCL.Device, in directory: String?, _ warn: (String) -> Void
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

extension OpenCL.Device {
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
