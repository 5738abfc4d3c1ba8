/// The type of an NPY file's elements.
enum NPYElementType: String, CaseIterable, Sendable {
  case bool = "b1"
  case int8 = "i1"
  case uint8 = "u1"
  case int16 = "i2"
  case uint16 = "u2"
  case int32 = "i4"
  case uint32 = "u4"
  case int64 = "i8"
  case uint64 = "u8"
  case float16 = "f2"
  case float32 = "f4"
  case float64 = "f8"

  /// The number of bytes of an element.
  var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  var isFloat: Bool {
    switch self {
    case .float16, .float32, .float64: true
    case .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64: false
    }
  }

  /// What features of this type are divided by unless the user says otherwise, as of IDX files.
  var defaultScale: Double {
    switch self {
    case .int8, .uint8: 255
    case .bool, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float16, .float32, .float64: 1
    }
  }
}
