import Hypertower
import ImageDecoders

/// An image of bytes, grey or of red, green and blue.
package struct PixelImage: Equatable, Sendable {
  package let height: Int
  package let width: Int
  /// 1 or 3.
  package let channels: Int
  /// Row after row, `[height, width, channels]`.
  package let pixels: [UInt8]

  /// Images of more bytes are refused.
  static let greatestSize = 1 << 28

  init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    (self.height, self.width, self.channels, self.pixels) = (height, width, channels, pixels)
  }

  /// How names of files end that are read, in lower case.
  static let suffixes = [".png", ".jpg", ".jpeg", ".pgm", ".ppm", ".pnm"]

  static func isName(_ name: String) -> Bool {
    !name.hasPrefix(".") && suffixes.contains(where: name.lowercased().hasSuffix)
  }

  /// Whether bytes begin as a file does that is read.
  package static func isImage(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: pngMark) || bytes.starts(with: jpegMark)
      || (bytes.count > 2 && bytes[0] == UInt8(ascii: "P") && (0x31...0x36).contains(bytes[1])
        && NetpbmReader.isSpace(bytes[2]))
  }

  private static let pngMark: [UInt8] = [0x89] + Array("PNG".utf8)
  private static let jpegMark: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Reads a PNG, JPEG, PGM or PPM file, whatever its name says.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is damaged or of another
  ///   kind.
  package init(contentsOf path: String) throws {
    try self.init(FileReader.bytes(of: path), name: path)
  }

  /// Reads a file's contents.
  ///
  /// - Throws: `InputError(.badData)`.
  package init(_ bytes: [UInt8], name: String) throws {
    if bytes.starts(with: Self.pngMark) {
      try self.init(bytes, name: name, kind: "PNG", decode_png)
    } else if bytes.starts(with: Self.jpegMark) {
      try self.init(bytes, name: name, kind: "JPEG", decode_jpeg)
    } else if Self.isImage(bytes) {
      var reader = NetpbmReader(bytes, name: name)
      self = try reader.image()
    } else {
      throw InputError(
        .badData, "\(name): is no PNG, JPEG, PGM or PPM file: convert it to PNG, or remove it")
    }
  }

  private init(
    _ bytes: [UInt8], name: String, kind: String,
    _ decode: (UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<decoded_image>?) -> Int32
  ) throws {
    var image = decoded_image()
    defer { decoded_image_release(&image) }
    guard decode(bytes, bytes.count, Self.greatestSize, &image) != 0 else {
      let message = withUnsafeBytes(of: image.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw InputError(
        .badData, "\(name): cannot be decoded as \(kind): \(message); save it again, or remove it")
    }
    height = Int(image.height)
    width = Int(image.width)
    channels = Int(image.channels)
    pixels = Array(UnsafeBufferPointer(start: image.pixels, count: height * width * channels))
  }

  /// The image with so many channels: grey is repeated, and colours become their brightness, (299 R + 587 G + 114 B) /
  /// 1000 as in ITU-R BT.601.
  func with(channels wanted: Int) -> PixelImage {
    guard wanted != channels else { return self }
    let own: [UInt8]
    if wanted == 3 {
      own = pixels.flatMap { [$0, $0, $0] }
    } else {
      own = stride(from: 0, to: pixels.count, by: 3).map { place in
        let sum =
          299 * Int(pixels[place]) + 587 * Int(pixels[place + 1]) + 114 * Int(pixels[place + 2])
        return UInt8((sum + 500) / 1000)
      }
    }
    return PixelImage(height: height, width: width, channels: wanted, pixels: own)
  }

  /// The pixels channel after channel, `[channels, height, width]`.
  var planes: [UInt8] {
    guard channels > 1 else { return pixels }
    return (0..<channels).flatMap { channel in
      stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] }
    }
  }
}
