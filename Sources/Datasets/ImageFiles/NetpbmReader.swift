import Hypertower

/// Reads PGM and PPM files, as text (P2, P3) or as bytes (P5, P6).
///
/// Format: https://netpbm.sourceforge.net/doc/pgm.html and ppm.html. Numbers in text, a comment from # to the end of its
/// line between them.
struct NetpbmReader {
  private let bytes: [UInt8]
  private let name: String
  private var position = 2

  init(_ bytes: [UInt8], name: String) {
    (self.bytes, self.name) = (bytes, name)
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// - Throws: `InputError(.badData)`.
  mutating func image() throws -> PixelImage {
    let kind = bytes[1] - UInt8(ascii: "0")
    guard kind != 1 && kind != 4 else {
      throw fault("is a bitmap (P\(kind)), expected PGM or PPM: convert it, as to PNG")
    }
    let channels = kind == 2 || kind == 5 ? 1 : 3
    let (width, height, greatest) = (
      try number("width"), try number("height"), try number("maximum")
    )
    guard 1...65_535 ~= width, 1...65_535 ~= height, 1...65_535 ~= greatest else {
      throw fault(
        "states a width of \(width), a height of \(height) and a maximum of \(greatest), expected 1 to 65535 each: "
          + "the file is damaged")
    }
    let count = width * height * channels
    guard count <= PixelImage.greatestSize else {
      throw fault("\(width) × \(height) pixels are too many: scale it down")
    }
    let isText = kind <= 3
    let size = greatest > 255 ? 2 : 1
    // A single white space follows the header of bytes; a number in text takes two bytes at least.
    if !isText { position += 1 }
    let needed = isText ? 2 * count - 1 : size * count
    guard bytes.count - position >= needed else {
      throw fault(
        "\(max(0, bytes.count - position)) bytes follow the header, expected \(needed) for \(width) × \(height) "
          + "pixels: the file is cut short")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count)
    for pixel in 0..<count {
      let value: Int
      if isText {
        value = try number("pixel \(pixel)")
      } else if size == 1 {
        value = Int(bytes[position + pixel])
      } else {
        let place = position + 2 * pixel
        value = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      }
      guard value <= greatest else {
        throw fault(
          "pixel \(pixel) is \(value), more than the maximum of \(greatest): the file is damaged (pixels are numbered "
            + "from 0)")
      }
      pixels.append(UInt8(greatest == 255 ? value : (value * 255 + greatest / 2) / greatest))
    }
    return PixelImage(height: height, width: width, channels: channels, pixels: pixels)
  }

  private mutating func number(_ what: String) throws -> Int {
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      } else if Self.isSpace(bytes[position]) {
        position += 1
      } else {
        break
      }
    }
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]), position - start < 9 {
      position += 1
    }
    guard let number = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw fault("byte \(start): there is no number for the \(what): the file is damaged")
    }
    return number
  }

  private func fault(_ message: String) -> InputError {
    InputError(.badData, "\(name): \(message)")
  }
}
