/// A message in the wire format of protocol buffers, being written field by field.
///
/// Fields are numbered as the message's definition says; readers accept them in any order.
/// Format: https://protobuf.dev/programming-guides/encoding
package struct ProtobufMessage {
  /// The message as it is sent, without its length.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// A field of one of the types int32, int64, bool and enum.
  package mutating func add(_ field: Int, integer value: Int) {
    append(field, .varint)
    append(varint: UInt64(bitPattern: Int64(value)))
  }

  /// A field of the type float.
  package mutating func add(_ field: Int, float value: Float) {
    append(field, .fixed32)
    append(littleEndian: value.bitPattern)
  }

  /// A field of the type double.
  package mutating func add(_ field: Int, double value: Double) {
    append(field, .fixed64)
    append(littleEndian: value.bitPattern)
  }

  /// A field of the type string.
  package mutating func add(_ field: Int, string value: String) { add(field, bytes: value.utf8) }

  /// A field that is a message.
  package mutating func add(_ field: Int, message value: ProtobufMessage) {
    add(field, bytes: value.bytes)
  }

  /// A field of the type bytes.
  package mutating func add(_ field: Int, bytes value: some Collection<UInt8>) {
    append(field, .lengthDelimited)
    append(varint: UInt64(value.count))
    bytes += value
  }

  /// A repeated field of the type double, packed.
  package mutating func add(_ field: Int, doubles values: [Double]) {
    var packed = ProtobufMessage()
    for value in values { packed.append(littleEndian: value.bitPattern) }
    add(field, message: packed)
  }

  /// A repeated field of the type int32 or int64, packed.
  package mutating func add(_ field: Int, integers values: [Int]) {
    var packed = ProtobufMessage()
    for value in values { packed.append(varint: UInt64(bitPattern: Int64(value))) }
    add(field, message: packed)
  }

  private mutating func append(_ field: Int, _ type: WireType) {
    append(varint: UInt64(field) << 3 | type.rawValue)
  }

  /// Seven bits a byte, the lowest first; the highest bit says that more follow.
  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func append(littleEndian value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
