import CZlib
import Hypertower

/// A picture in the PNG format, 8 bits a channel.
///
/// Format: https://www.w3.org/TR/png-3
struct PNGImage {
  /// The bytes of the file.
  let bytes: [UInt8]

  /// - Parameters:
  ///   - width: at least 1.
  ///   - height: at least 1.
  ///   - pixels: row after row, a byte for each channel of a pixel: grey, or red, green and blue.
  init(width: Int, height: Int, pixels: [UInt8]) {
    let channels = pixels.count / (width * height)
    require(
      (channels == 1 || channels == 3) && pixels.count == width * height * channels,
      "PNGImage: \(pixels.count) bytes for \(width) × \(height) pixels")
    var header = Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height))
    // The depth, the kind of colour, and the only methods that there are.
    header += [8, channels == 1 ? 0 : 2, 0, 0, 0]
    let stride = width * channels
    // Each row begins with its filter: none.
    let rows = (0..<height).flatMap { [0] + pixels[$0 * stride..<($0 + 1) * stride] }
    bytes =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Self.deflated(rows)) + Self.chunk("IEND", [])
  }

  /// The picture as the address of an image in a page.
  var dataURL: String { "data:image/png;base64," + Base64.text(of: bytes) }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(name.utf8) + data
    let checksum = content.withUnsafeBufferPointer {
      crc32_z(0, $0.baseAddress, z_size_t($0.count))
    }
    return bigEndian(UInt32(data.count)) + content + bigEndian(UInt32(truncatingIfNeeded: checksum))
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(size))
    let code = compress(&result, &size, bytes, uLong(bytes.count))
    require(code == Z_OK, "PNGImage: zlib reports \(code)")
    return Array(result.prefix(Int(size)))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
