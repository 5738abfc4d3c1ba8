import Hypertower

/// Which shape images from files get.
public struct ImageEncoding: Codable, Equatable, Sendable {
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// Whether images of other sizes are stretched to this one; otherwise they are errors.
  public let isResized: Bool

  package init(channels: Int, height: Int, width: Int, isResized: Bool) {
    (self.channels, self.height, self.width, self.isResized) = (channels, height, width, isResized)
  }

  /// Whether a file of weights can say this.
  var isValid: Bool {
    (channels == 1 || channels == 3) && 1...65_535 ~= height && 1...65_535 ~= width
      && height * width * channels <= PixelImage.greatestSize
  }

  /// The shape of a sample.
  var shape: [Int] { [channels, height, width] }

  /// An image as a sample's bytes.
  ///
  /// - Parameters:
  ///   - name: what error messages call it.
  ///   - other: what has the size that is expected, for messages.
  /// - Throws: `InputError(.badData)` for one of another size.
  func bytes(of image: PixelImage, name: String, sizeOf other: String) throws -> [UInt8] {
    guard isResized || (image.height, image.width) == (height, width) else {
      throw InputError(
        .badData,
        "\(name): has \(image.width) × \(image.height) pixels, \(other) \(width) × \(height): give --image-size "
          + "\(width)x\(height) to stretch all images to one size in training, or remove it")
    }
    return image.resized(height: height, width: width).with(channels: channels).planes
  }
}
