/// The type of an IDX file's elements, by the number that stands for it in the header.
package enum IDXElementType: UInt8, CaseIterable, Sendable {
  case unsignedByte = 0x08
  case signedByte = 0x09
  case int16 = 0x0B
  case int32 = 0x0C
  case float32 = 0x0D
  case float64 = 0x0E

  /// The number of bytes of an element.
  var size: Int {
    switch self {
    case .unsignedByte, .signedByte: 1
    case .int16: 2
    case .int32, .float32: 4
    case .float64: 8
    }
  }

  /// What features of this type are divided by unless the user says otherwise: 255 for bytes, signed
  /// or not, and 1 for all others.
  var defaultScale: Double {
    switch self {
    case .unsignedByte, .signedByte: 255
    case .int16, .int32, .float32, .float64: 1
    }
  }
}
