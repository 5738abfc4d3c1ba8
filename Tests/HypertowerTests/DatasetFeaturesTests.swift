import Hypertower
import Testing

@Suite struct DatasetFeaturesTests {
  @Test func featuresAreWhatAModelIsGiven() {
    let bytes = Dataset(
      count: 3, featureCount: 2, features: .bytes([0, 51, 255, 102, 204, 5]),
      targets: .classes([0, 1, 0], classCount: 2))
    #expect(bytes.features(of: 0..<2) == [0, 0.2, 1, 0.4])
    #expect(bytes.features(of: 3..<3).isEmpty)
    let floats = Dataset(
      count: 2, featureCount: 2, features: .floats([1, -2, 3, 4]),
      targets: .values([0, 0], width: 1))
    #expect(floats.features(of: 1..<2) == [3, 4])
    let windows = Dataset(
      TokenWindows([5, 6, 7, 8, 9, 1], length: 2, start: 1), vocabularySize: 10)
    #expect(windows.features(of: 0..<2) == [6, 7, 8, 9])
  }

  @Test func featuresBecomeTargets() {
    let images = Dataset(
      count: 2, featureCount: 2, features: .bytes([0, 51, 255, 102]),
      targets: .classes([0, 1], classCount: 2)
    ).withFeaturesAsTargets()
    guard case .bytes([0, 51, 255, 102]) = images.features,
      case .values([0, 0.2, 1, 0.4], width: 2) = images.targets
    else {
      Issue.record("\(images.features), \(images.targets)")
      return
    }
    #expect(images.count == 2 && images.featureCount == 2)
  }
}
