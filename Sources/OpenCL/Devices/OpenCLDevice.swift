import COpenCL

/// An OpenCL device and what its driver says about it, read once.
package struct OpenCLDevice: Sendable, CustomStringConvertible {
  package enum Kind: Sendable {
    case cpu
    case gpu
    case accelerator
    case other
  }

  // Safe to share: a root device's id is never retained, released or changed, and the functions
  // that take one are thread-safe.
  nonisolated(unsafe) let id: OpaquePointer

  package let name: String
  package let vendor: String
  package let kind: Kind
  /// The OpenCL version of the device, as `OpenCL 3.0 …`.
  package let version: String
  /// The version of OpenCL C that programs get without an option, as `OpenCL C 1.2 …`.
  package let openCLCVersion: String
  package let driverVersion: String
  package let platformName: String
  package let platformVersion: String
  package let computeUnits: Int
  /// In bytes.
  package let globalMemorySize: Int
  /// The largest buffer, in bytes.
  package let maxAllocationSize: Int
  /// A work-group's local memory, in bytes.
  package let localMemorySize: Int
  package let maxWorkGroupSize: Int
  /// All arguments of a kernel together, in bytes: 1,024 or more.
  package let maxParameterSize: Int
  /// The number of float32 numbers of a vector register.
  package let nativeVectorWidth: Int
  /// In MHz; 0 where the driver does not know.
  package let maxClockFrequency: Int
  package let extensions: [String]
  package let supportsDouble: Bool
  /// Whether float32 `/` and `sqrt` round correctly, given
  /// `-cl-fp32-correctly-rounded-divide-sqrt`.
  package let correctlyRoundsDivideAndSqrt: Bool
  /// Whether the device has an instruction for float32 `fma`; if not, `fma` is a slow function.
  package let hasFMA: Bool
  /// Whether float32 arithmetic keeps denormal numbers.
  package let keepsDenormals: Bool
  package let isAvailable: Bool
  /// Whether the driver can build programs from source.
  package let compilerAvailable: Bool

  package var description: String { "\(name) (\(platformName))" }
  /// Whether kernels may hold PTX, the instructions of NVIDIA's driver.
  package var takesPTX: Bool { platformName.contains("NVIDIA") }

  /// All devices of all platforms; a device's index is the N of `opencl:N`.
  ///
  /// The order is the loader's and the drivers', which changes only with what is installed.
  ///
  /// - Throws: The reason why a driver cannot be used, if no other driver has any devices.
  package static func all() throws -> [OpenCLDevice] {
    let platforms = try Platform.all()
    let devices = platforms.flatMap(\.devices)
    if devices.isEmpty, let failure = platforms.compactMap(\.failure).first { throw failure }
    return devices
  }

  init(id: OpaquePointer, platformName: String, platformVersion: String) throws {
    let call = "clGetDeviceInfo"
    let query: InfoReader.Function = { clGetDeviceInfo(id, $0, $1, $2, $3) }
    let name = try InfoReader(call: call, device: nil, function: query).string(CL_DEVICE_NAME)
    let info = InfoReader(call: call, device: name, function: query)

    func count(_ parameter: Int32) throws -> Int {
      Int(try info.integer(parameter, as: cl_uint.self))
    }
    func byteCount(_ parameter: Int32) throws -> Int {
      Int(clamping: try info.integer(parameter, as: cl_ulong.self))
    }
    func flag(_ parameter: Int32) throws -> Bool {
      try info.integer(parameter, as: cl_bool.self) != 0
    }

    self.id = id
    self.name = name
    self.platformName = platformName
    self.platformVersion = platformVersion
    vendor = try info.string(CL_DEVICE_VENDOR)
    kind = Kind(type: try info.integer(CL_DEVICE_TYPE, as: cl_device_type.self))
    version = try info.string(CL_DEVICE_VERSION)
    openCLCVersion = try info.string(CL_DEVICE_OPENCL_C_VERSION)
    driverVersion = try info.string(CL_DRIVER_VERSION)
    computeUnits = try count(CL_DEVICE_MAX_COMPUTE_UNITS)
    globalMemorySize = try byteCount(CL_DEVICE_GLOBAL_MEM_SIZE)
    maxAllocationSize = try byteCount(CL_DEVICE_MAX_MEM_ALLOC_SIZE)
    localMemorySize = try byteCount(CL_DEVICE_LOCAL_MEM_SIZE)
    maxWorkGroupSize = try info.integer(CL_DEVICE_MAX_WORK_GROUP_SIZE, as: Int.self)
    maxParameterSize = try info.integer(CL_DEVICE_MAX_PARAMETER_SIZE, as: Int.self)
    nativeVectorWidth = try count(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT)
    maxClockFrequency = try count(CL_DEVICE_MAX_CLOCK_FREQUENCY)
    extensions = try info.string(CL_DEVICE_EXTENSIONS).split(separator: " ").map(String.init)
    supportsDouble = extensions.contains("cl_khr_fp64")
    let float = try info.integer(CL_DEVICE_SINGLE_FP_CONFIG, as: cl_device_fp_config.self)
    correctlyRoundsDivideAndSqrt =
      float & cl_device_fp_config(CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0
    hasFMA = float & cl_device_fp_config(CL_FP_FMA) != 0
    keepsDenormals = float & cl_device_fp_config(CL_FP_DENORM) != 0
    isAvailable = try flag(CL_DEVICE_AVAILABLE)
    compilerAvailable = try flag(CL_DEVICE_COMPILER_AVAILABLE)
  }
}

extension OpenCLDevice.Kind {
  init(type: cl_device_type) {
    func has(_ flag: Int32) -> Bool { type & cl_device_type(flag) != 0 }
    self =
      if has(CL_DEVICE_TYPE_GPU) {
        .gpu
      } else if has(CL_DEVICE_TYPE_CPU) {
        .cpu
      } else if has(CL_DEVICE_TYPE_ACCELERATOR) {
        .accelerator
      } else {
        .other
      }
  }
}
