import COpenCL
import Synchronization

/// The OpenCL context of one device: what its buffers, programs and queues belong to.
///
/// Neither a context nor what is made from it is Sendable: use them from one isolation domain.
package final class DeviceContext {
  package let device: OpenCLDevice
  /// The byte that every new buffer is filled with; nil leaves new memory as it comes.
  ///
  /// For debugging: 0xFF makes every float32 and float64 a NaN, so that a result that depends on
  /// memory nobody wrote shows itself.
  package let fillNewBuffersWith: UInt8?
  /// The number of bytes of all buffers that there are, without their padding.
  package internal(set) var allocatedBytes = 0
  let handle: OpaquePointer
  // Programs do not refer back to their context, so this makes no cycle.
  private var programs: [ProgramRequest: OpenCLProgram] = [:]

  package init(device: OpenCLDevice, fillNewBuffersWith: UInt8? = nil) throws {
    handle = try Self.handle(of: device)
    self.device = device
    self.fillNewBuffersWith = fillNewBuffersWith
  }

  /// OpenCL's context of each device that has one, by the device's id.
  private static let handles = Mutex<[UInt: SharedHandle]>([:])

  /// Contexts may be used from all threads.
  private struct SharedHandle: @unchecked Sendable { let handle: OpaquePointer }

  /// OpenCL's context of `device`, created once and kept until the process ends.
  ///
  /// With its last context a driver may drop what its compiler has loaded: PoCL 3.1 then takes 0.3 s
  /// to load its library of built-in functions again, several times as long as to build a kernel.
  private static func handle(of device: OpenCLDevice) throws -> OpaquePointer {
    try handles.withLock { handles in
      let key = UInt(bitPattern: device.id)
      if let known = handles[key] { return known }
      var status: cl_int = CL_SUCCESS
      var id: cl_device_id? = device.id
      let handle = clCreateContext(nil, 1, &id, nil, nil, &status)
      try check(status, "clCreateContext", device: device.name)
      guard let handle else {
        throw OpenCLError(code: status, call: "clCreateContext", device: device.name)
      }
      handles[key] = SharedHandle(handle: handle)
      return SharedHandle(handle: handle)
    }.handle
  }

  /// The program of `source`, built once for each source and options in the life of the context.
  ///
  /// - Parameters:
  ///   - options: The compiler's options, separated by spaces.
  ///   - cache: Where built programs are kept from one process to the next.
  /// - Throws: `OpenCLError` with the compiler's whole log if the source does not build.
  package func program(
    source: String, options: String = "", cache: ProgramCache
  ) throws -> OpenCLProgram {
    let request = ProgramRequest(source: source, options: options)
    if let program = programs[request] { return program }
    let program = try cache.program(for: request, in: self)
    programs[request] = program
    return program
  }
}

/// What a program is built from.
struct ProgramRequest: Hashable {
  let source: String
  let options: String
}
