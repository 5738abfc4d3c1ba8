import Hypertower

extension IDXFile: NumberFile {
  var defaultScale: Double { type.defaultScale }

  func plainFeatures(scale: Double) throws -> Dataset.Features? {
    try type.arrayType.plainFeatures(
      elements, width: count / shape[0], scale: scale, isBigEndian: true)
  }
}
