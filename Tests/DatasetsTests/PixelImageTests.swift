import FoundationEssentials
import Hypertower
import Testing

@testable import Datasets

/// Images that Pillow 13 wrote, with the pixels that Pillow reads from them.
enum PillowImages {
  /// 5 × 4 pixels of colours 0, 4, 8, …, 236.
  static let colours =
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAFCAIAAADtz9qMAAAAFElEQVR4nGNkYOHggQEWAwMDUjkAi3oEesolRIcA"
    + "AAAASUVORK5CYII="
  /// The same with 8 colours in a palette.
  static let palette =
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAFBAMAAACQg1DoAAAAGFBMVEXS1tqusraQlJhydnpUWFw2Oj4YHCAABAgZ"
    + "U16xAAAAGElEQVR4nGMs+8By/z3Lu/cs998zMDAAADwpBu2mDVZsAAAAAElFTkSuQmCC"
  /// 3 × 4 pixels of 0, 20, …, 220, of 16 bits, 257 times that.
  static let sixteenBits =
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADEAAAAADBDy1ZAAAAGElEQVR4nGNkYBAREREREWEMCIAwWGAMACEAAq/9"
    + "dOA0AAAAAElFTkSuQmCC"
  /// The same, 1 where it is more than 100.
  static let bits =
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADAQAAAACcj5NrAAAADklEQVR4nGNgYDBg+AAAAYYBIacLjasAAAAASUVO"
    + "RK5CYII="
  /// `colours` as JPEG of quality 90.
  static let jpeg =
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4R"
    + "DgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"
    + "FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAFAAQDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAA"
    + "AAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk"
    + "M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKT"
    + "lJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QA"
    + "HwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdh"
    + "cRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hp"
    + "anN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk"
    + "5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD1vwn/AME+fhx/YkP7r/yAv+NFFFdBkf/Z"

  static func bytes(_ text: String) throws -> [UInt8] {
    Array(try #require(Data(base64Encoded: text)))
  }
}

@Suite("Image files")
struct PixelImageTests {
  private func read(_ text: String) throws -> PixelImage {
    try PixelImage(PillowImages.bytes(text), name: "file")
  }

  @Test("PNG files of several kinds are read")
  func png() throws {
    let colours = try read(PillowImages.colours)
    #expect((colours.height, colours.width, colours.channels) == (5, 4, 3))
    #expect(colours.pixels == Array(stride(from: 0 as UInt8, to: 240, by: 4)))
    #expect(
      try read(PillowImages.palette).pixels == [
        0, 4, 8, 24, 28, 32, 24, 28, 32, 24, 28, 32, 54, 58, 62, 54, 58, 62, 84, 88, 92, 84, 88, 92,
        84, 88, 92,
        114, 118, 122, 114, 118, 122, 144, 148, 152, 144, 148, 152, 144, 148, 152, 174, 178, 182,
        174, 178, 182,
        210, 214, 218, 210, 214, 218, 210, 214, 218, 210, 214, 218,
      ])
    #expect(
      try read(PillowImages.sixteenBits).pixels == Array(stride(from: 0 as UInt8, to: 240, by: 20)))
    let white = [UInt8](repeating: 0, count: 6) + [UInt8](repeating: 255, count: 6)
    #expect(try read(PillowImages.bits).pixels == white)
  }

  @Test("A JPEG file is read as libjpeg-turbo reads it elsewhere")
  func jpeg() throws {
    let image = try read(PillowImages.jpeg)
    #expect((image.height, image.width, image.channels) == (5, 4, 3))
    #expect(image.pixels.prefix(12) == [0, 3, 8, 11, 14, 19, 25, 28, 33, 35, 38, 43])
    // Other versions of libjpeg may differ by the last bit.
    for (pixel, original) in zip(image.pixels, 0..<60) {
      #expect(abs(Int(pixel) - 4 * original) <= 3)
    }
  }

  @Test(
    "PGM and PPM files are read, as text and as bytes",
    arguments: [
      (Array("P2\n# by hand\n3 1\n9\n0 5#x\n9\n".utf8), 1, [0, 142, 255]),
      (Array("P5 2 1 255\n".utf8) + [7, 200], 1, [7, 200]),
      (Array("P5 2 1 65535\n".utf8) + [0, 255, 255, 255], 1, [1, 255]),
      (Array("P3 1 1 255 1 2 3".utf8), 3, [1, 2, 3]),
      (Array("P6\n1 1\n255\n".utf8) + [9, 8, 7], 3, [9, 8, 7]),
    ] as [([UInt8], Int, [UInt8])])
  func netpbm(bytes: [UInt8], channels: Int, pixels: [UInt8]) throws {
    let image = try PixelImage(bytes, name: "file")
    #expect(image.channels == channels && image.pixels == pixels)
  }

  /// Pillow 13: `Image.resize(size, BILINEAR)`, which rounds after each axis.
  @Test("Images are stretched as Pillow does it")
  func resizing() {
    func check(_ image: PixelImage, _ height: Int, _ width: Int, _ expected: [Int]) {
      let own = image.resized(height: height, width: width)
      #expect(own.pixels.count == expected.count)
      for (own, other) in zip(own.pixels, expected) { #expect(abs(Int(own) - other) <= 1) }
    }
    let large = PixelImage(
      height: 7, width: 9, channels: 1,
      pixels: (0..<63).map { (place: Int) -> UInt8 in
        let (y, x) = (place / 9, place % 9)
        return UInt8(y * y * 3 + x * 11)
      })
    check(large, 3, 4, [13, 35, 61, 83, 39, 61, 87, 109, 90, 112, 138, 160])
    let small = PixelImage(
      height: 3, width: 4, channels: 1, pixels: Array(stride(from: 0 as UInt8, to: 240, by: 20)))
    check(
      small, 5, 7,
      [
        0, 7, 19, 30, 41, 53, 60, 32, 39, 51, 62, 73, 85, 92, 80, 87, 99, 110, 121, 133, 140, 128,
        135,
        147, 158, 169, 181, 188, 160, 167, 179, 190, 201, 213, 220,
      ])
  }

  /// Pillow 13: `convert("L")`.
  @Test("Colours become grey by their brightness, and grey becomes colours")
  func channels() throws {
    let grey = try read(PillowImages.colours).with(channels: 1)
    #expect(grey.pixels == Array(stride(from: 3 as UInt8, through: 231, by: 12)))
    let two = PixelImage(height: 1, width: 2, channels: 1, pixels: [5, 6])
    #expect(two.with(channels: 3).pixels == [5, 5, 5, 6, 6, 6])
    #expect(two.with(channels: 3).planes == [5, 6, 5, 6, 5, 6])
  }

  @Test("Damaged files are named with the remedy, and end nothing")
  func damage() throws {
    func message(_ bytes: [UInt8]) -> String? {
      #expect(throws: InputError.self) { try PixelImage(bytes, name: "file") }?.message
    }
    let png = try PillowImages.bytes(PillowImages.colours)
    #expect(
      message(Array(png.dropLast(30)))
        == "file: cannot be decoded as PNG: the file is cut short; save it again, or remove it")
    var changed = png
    changed[45] ^= 255
    #expect(message(changed)?.hasPrefix("file: cannot be decoded as PNG: IDAT: ") == true)
    let jpeg = try PillowImages.bytes(PillowImages.jpeg)
    #expect(
      message(Array(jpeg.dropLast(20)))
        == "file: cannot be decoded as JPEG: Premature end of JPEG file; save it again, or remove it"
    )
    #expect(message(Array(jpeg.prefix(20)))?.hasPrefix("file: cannot be decoded as JPEG: ") == true)
    #expect(
      message(Array("GIF89a".utf8))
        == "file: is no PNG, JPEG, PGM or PPM file: convert it to PNG, or remove it")
    #expect(
      message(Array("P4 8 1\n\u{7}".utf8))
        == "file: is a bitmap (P4), expected PGM or PPM: convert it, as to PNG")
    #expect(
      message(Array("P5 4 4 255\nabc".utf8))
        == "file: 3 bytes follow the header, expected 16 for 4 × 4 pixels: the file is cut short")
    #expect(
      message(Array("P2 0 4 255\n".utf8))
        == "file: states a width of 0, a height of 4 and a maximum of 255, expected 1 to 65535 each: the file is damaged"
    )
    #expect(
      message(Array("P2 1 1 9\n 10".utf8))
        == "file: pixel 0 is 10, more than the maximum of 9: the file is damaged (pixels are numbered from 0)"
    )
    #expect(
      message(Array("P2 x".utf8))
        == "file: byte 3: there is no number for the width: the file is damaged")
  }
}
