import Hypertower
import Testing

@Suite struct DatasetSubsetTests {
  @Test func copiesRowsInTheGivenOrder() {
    let classes = Dataset(
      count: 3, featureCount: 2, features: .bytes([1, 2, 3, 4, 5, 6]),
      targets: .classes([7, 8, 9], classCount: 20)
    ).subset([2, 0, 2])
    #expect(classes.count == 3)
    guard case .bytes([5, 6, 1, 2, 5, 6]) = classes.features,
      case .classes([9, 7, 9], classCount: 20) = classes.targets
    else {
      Issue.record("\(classes.features), \(classes.targets)")
      return
    }
    let values = Dataset(
      count: 2, featureCount: 1, features: .floats([1, 2]),
      targets: .values([3, 4, 5, 6], width: 2)
    ).subset(1..<2)
    guard case .floats([2]) = values.features, case .values([5, 6], width: 2) = values.targets
    else {
      Issue.record("\(values.features), \(values.targets)")
      return
    }
    #expect(values.count == 1 && values.featureCount == 1)
  }
}
