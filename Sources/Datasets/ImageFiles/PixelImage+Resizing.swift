extension PixelImage {
  /// The image stretched to a size, first along its rows, then along its columns.
  ///
  /// A pixel is the mean of those around its place, weighted by a triangle whose half width is a pixel of the old or the
  /// new size, whichever is greater: bilinear interpolation upwards, and without aliasing downwards.
  func resized(height newHeight: Int, width newWidth: Int) -> PixelImage {
    guard (newHeight, newWidth) != (height, width) else { return self }
    let row = width * channels
    let columns = Resampling(from: width, to: newWidth)
    var wide = [UInt8](repeating: 0, count: height * newWidth * channels)
    for y in 0..<height {
      for x in 0..<newWidth {
        for channel in 0..<channels {
          wide[(y * newWidth + x) * channels + channel] = columns.mean(x) {
            pixels[y * row + $0 * channels + channel]
          }
        }
      }
    }
    let newRow = newWidth * channels
    let rows = Resampling(from: height, to: newHeight)
    var result = [UInt8](repeating: 0, count: newHeight * newRow)
    for y in 0..<newHeight {
      for x in 0..<newRow { result[y * newRow + x] = rows.mean(y) { wide[$0 * newRow + x] } }
    }
    return PixelImage(height: newHeight, width: newWidth, channels: channels, pixels: result)
  }
}

/// Which pixels of an axis make one of a new size, and how much each counts.
private struct Resampling {
  private var parts: [(first: Int, weights: [Double])] = []

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let reach = max(1, scale)
    for place in 0..<new {
      let center = (Double(place) + 0.5) * scale
      let first = max(0, Int((center - reach).rounded(.up)) - 1)
      let end = min(old, Int((center + reach).rounded(.down)) + 1)
      let weights = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - center) / reach)) }
      let sum = weights.reduce(0, +)
      parts.append((first, weights.map { $0 / sum }))
    }
  }

  func mean(_ place: Int, _ pixel: (Int) -> UInt8) -> UInt8 {
    let (first, weights) = parts[place]
    var sum = 0.0
    for (offset, weight) in weights.enumerated() where weight > 0 {
      sum += weight * Double(pixel(first + offset))
    }
    return UInt8(min(255, sum.rounded()))
  }
}
