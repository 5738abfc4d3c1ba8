extension Dataset {
  /// A copy of the samples with the numbers `indices`, in that order.
  ///
  /// - Parameter indices: sample numbers in `0..<count`; one may occur more than once.
  /// - Precondition: the samples are no windows of tokens; of these, take windows of a part of the sequence.
  public func subset(_ indices: some Collection<Int>) -> Dataset {
    func rows<Element>(_ values: [Element], width: Int) -> [Element] {
      var rows: [Element] = []
      rows.reserveCapacity(indices.count * width)
      for index in indices { rows += values[index * width..<(index + 1) * width] }
      return rows
    }
    let features: Features =
      switch self.features {
      case .bytes(let bytes): .bytes(rows(bytes, width: featureCount))
      case .floats(let floats): .floats(rows(floats, width: featureCount))
      case .windows: fatalError("subset: windows of tokens follow one another without gaps")
      }
    let targets: Targets =
      switch self.targets {
      case .classes(let labels, let classCount):
        .classes(rows(labels, width: 1), classCount: classCount)
      case .values(let values, let width): .values(rows(values, width: width), width: width)
      case .nextTokens(let vocabularySize): .nextTokens(vocabularySize: vocabularySize)
      }
    return Dataset(
      count: indices.count, featureCount: featureCount, features: features, targets: targets)
  }
}
