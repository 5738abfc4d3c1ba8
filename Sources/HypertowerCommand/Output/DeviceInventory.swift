import Hypertower
import OpenCL

/// The devices to compute on, and which of them is chosen by default and for `gpu`.
struct DeviceInventory {
  private let platforms: [Platform]
  private let failure: OpenCLError?

  /// Asks every driver; one that fails is listed with its error.
  init() throws {
    do {
      platforms = try Platform.all()
      failure = nil
    } catch let error as OpenCLError {
      platforms = []
      failure = error
    }
  }

  /// The names of the devices that are chosen by default and for `gpu`.
  private var chosen: (standard: String, gpu: String?) {
    let devices = devices.map(\.device)
    return (
      Device.preferredIndex(devices).map { "opencl:\($0)" } ?? "cpu",
      Device.firstIndex(of: .gpu, in: devices).map { "opencl:\($0)" }
    )
  }

  private static let builtIn = [
    (
      name: "cpu", description: "the CPU backend of this program, float32",
      use: "training without OpenCL, slowly; comparisons"
    ),
    (
      name: "cpu64", description: "the CPU backend of this program, float64",
      use: "checking what rounding does to a run"
    ),
  ]

  /// All OpenCL devices with the names by which `--device` knows them.
  private var devices: [(name: String, device: OpenCLDevice)] {
    platforms.flatMap(\.devices).enumerated().map { ("opencl:\($0)", $1) }
  }

  // MARK: - As text

  var lines: [String] {
    var lines: [String] = []
    for (name, device) in devices {
      lines.append("\(name)\(mark(name))  \(device.name)")
      lines += [
        ("kind", "\(device.kind), \(device.computeUnits) compute units"),
        (
          "memory",
          "\(gibibytes(device.globalMemorySize)), at most "
            + "\(gibibytes(device.maxAllocationSize)) in one piece"
        ),
        ("platform", "\(device.platformName), \(device.platformVersion)"),
        ("driver", "\(device.driverVersion), \(device.version)"),
        ("good for", use(of: device)),
      ].map { "    " + $0.0.padded(to: 10) + $0.1 }
    }
    for platform in platforms {
      if let failure = platform.failureLine {
        lines.append(failure)
      } else if platform.devices.isEmpty {
        lines.append("platform \(platform.name) has no devices")
      }
      if let warning = platform.warning { lines.append(warning) }
    }
    for (name, description, use) in Self.builtIn {
      lines.append("\(name)\(mark(name))  \(description)")
      lines.append("    " + "good for".padded(to: 10) + use)
    }
    if let failure { lines.append("OpenCL: \(failure)") }
    if devices.isEmpty {
      let isBroken = failure != nil || platforms.contains { $0.failure != nil }
      lines += [
        "",
        isBroken
          ? "There is no OpenCL device that can be used: see above."
          : "There is no OpenCL device: \(DriverInstallation.hint).",
      ]
    }
    lines += ["", "default: \(chosen.standard)", "--device gpu: \(chosen.gpu ?? "none here")"]
    return lines
  }

  private func mark(_ name: String) -> String {
    let marks = [chosen.standard == name ? "default" : nil, chosen.gpu == name ? "gpu" : nil]
      .compactMap { $0 }
    return marks.isEmpty ? "" : " (\(marks.joined(separator: ", ")))"
  }

  private func gibibytes(_ bytes: Int) -> String {
    formatted("%.1f", Double(bytes) / 0x1p30) + " GiB"
  }

  private func use(of device: OpenCLDevice) -> String {
    if let obstacle = device.obstacle { return "nothing: it \(obstacle)" }
    let note = device.keepsDenormals ? "" : "; it rounds the smallest numbers to 0"
    return switch device.kind {
    case .gpu: "training, the larger the network the better" + note
    case .cpu where device.isSlow: "comparisons: a step takes two hundred times PoCL's" + note
    case .cpu: "training of small and middling networks" + note
    case .accelerator, .other: "training, if it takes the kernels" + note
    }
  }

  // MARK: - As JSON

  var json: JSONText {
    let openCL = devices.map { name, device in
      JSONText.object([
        ("name", .string(name)), ("description", .string(device.name)),
        ("kind", .string("\(device.kind)")), ("vendor", .string(device.vendor)),
        ("platform", .string(device.platformName)),
        ("platform_version", .string(device.platformVersion)),
        ("driver_version", .string(device.driverVersion)),
        ("opencl_version", .string(device.version)),
        ("compute_units", .integer(device.computeUnits)),
        ("memory_bytes", .integer(device.globalMemorySize)),
        ("largest_buffer_bytes", .integer(device.maxAllocationSize)),
        ("local_memory_bytes", .integer(device.localMemorySize)),
        ("supports_float64", .bool(device.supportsDouble)),
        ("keeps_denormals", .bool(device.keepsDenormals)),
        ("available", .bool(device.obstacle == nil)),
        ("good_for", .string(use(of: device))),
      ])
    }
    let builtIn = Self.builtIn.map { name, description, use in
      JSONText.object([
        ("name", .string(name)), ("description", .string(description)), ("kind", .string("cpu")),
        ("good_for", .string(use)),
      ])
    }
    let failures = (failure.map { ["\($0)"] } ?? []) + platforms.compactMap(\.failureLine)
    return .object([
      ("devices", .array(openCL + builtIn)),
      ("default", .string(chosen.standard)),
      ("gpu", chosen.gpu.map(JSONText.string) ?? .null),
      ("failures", .array(failures.map(JSONText.string))),
      ("warnings", .array(platforms.compactMap(\.warning).map(JSONText.string))),
    ])
  }
}
