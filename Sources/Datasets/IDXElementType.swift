/// The type of an IDX file's elements, by the number that stands for it in the header.
package enum IDXElementType: UInt8, CaseIterable, Sendable {
  case unsignedByte = 0x08
  case signedByte = 0x09
  case int16 = 0x0B
  case int32 = 0x0C
  case float32 = 0x0D
  case float64 = 0x0E

  /// The type of NumPy's arrays whose elements have the same bits.
  var arrayType: NPYElementType {
    switch self {
    case .unsignedByte: .uint8
    case .signedByte: .int8
    case .int16: .int16
    case .int32: .int32
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// The number of bytes of an element.
  var size: Int { arrayType.size }

  /// What features of this type are divided by unless the user says otherwise: 255 for bytes, signed
  /// or not, and 1 for all others.
  var defaultScale: Double {
    switch self {
    case .unsignedByte, .signedByte: 255
    case .int16, .int32, .float32, .float64: 1
    }
  }
}
