import FoundationEssentials

/// A data set of a few tiny images in IDX files, on which a run takes no time.
struct SmallDataset {
  var trainCount = 50
  var testCount = 20
  var width = 3
  var classCount: UInt8 = 4

  /// Writes the four files into `folder`, which it makes.
  func write(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, count) in [("train", trainCount), ("t10k", testCount)] {
      let size = UInt8(width)
      let labels = (0..<count).map { UInt8($0) % classCount }
      // The label decides which pixels are bright, so that there is something to learn.
      let images = labels.enumerated().flatMap { number, label in
        (0..<width * width).map { pixel in
          pixel % Int(classCount) == Int(label) ? 200 + UInt8(number % 50) : UInt8(pixel)
        }
      }
      let imageHeader: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, size, 0, 0, 0, size]
      let labelHeader: [UInt8] = [0, 0, 8, 1, 0, 0, 0, UInt8(count)]
      try Data(imageHeader + images).write(
        to: URL(filePath: "\(folder)/\(name)-images-idx3-ubyte"))
      try Data(labelHeader + labels).write(
        to: URL(filePath: "\(folder)/\(name)-labels-idx1-ubyte"))
    }
  }
}
