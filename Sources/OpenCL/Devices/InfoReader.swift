import COpenCL

/// One object's `clGet…Info` function, with its answers as Swift values.
struct InfoReader {
  typealias Function = (
    _ parameter: cl_uint, _ size: Int, _ value: UnsafeMutableRawPointer?,
    _ neededSize: UnsafeMutablePointer<Int>?
  ) -> cl_int

  /// The function's name, for errors.
  let call: String
  /// The device's name, for errors, where it is known.
  let device: String?
  let function: Function

  /// A parameter that is one integer.
  func integer<Value: FixedWidthInteger>(_ parameter: Int32, as type: Value.Type) throws -> Value {
    var value = Value.zero
    let status = function(cl_uint(parameter), MemoryLayout<Value>.size, &value, nil)
    try check(status, call, device: device, detail: "parameter \(parameter)")
    return value
  }

  /// A parameter that is a C string, without the spaces around it that some drivers add.
  func string(_ parameter: Int32) throws -> String {
    let bytes = try bytes(parameter).prefix { $0 != 0 }
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
      let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }

  /// A parameter of any length.
  func bytes(_ parameter: Int32) throws -> [UInt8] {
    var size = 0
    try check(
      function(cl_uint(parameter), 0, nil, &size), call, device: device,
      detail: "parameter \(parameter)")
    guard size > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: size)
    try check(
      function(cl_uint(parameter), size, &bytes, nil), call, device: device,
      detail: "parameter \(parameter), \(size) bytes")
    return bytes
  }
}
