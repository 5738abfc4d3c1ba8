extension Dataset {
  /// A copy of the samples with the numbers `indices`, in that order; numbers in files are not copied, but listed.
  ///
  /// - Parameter indices: sample numbers in `0..<count`; one may occur more than once.
  /// - Precondition: the samples are no windows of tokens; of these, take windows of a part of the sequence.
  public func subset(_ indices: some Collection<Int>) -> Dataset {
    let features: Features =
      switch self.features {
      case .bytes(let bytes): .bytes(bytes.rows(indices, width: featureCount))
      case .floats(let floats): .floats(floats.rows(indices, width: featureCount))
      case .mapped(let mapped): .mapped(mapped.selecting(indices))
      case .windows: fatalError("subset: windows of tokens follow one another without gaps")
      }
    let targets: Targets =
      switch self.targets {
      case .classes(let labels, let classCount):
        .classes(labels.rows(indices, width: 1), classCount: classCount)
      case .values(let values, let width):
        .values(values.rows(indices, width: width), width: width)
      case .nextTokens(let vocabularySize): .nextTokens(vocabularySize: vocabularySize)
      case .mappedClasses(let mapped, let classCount):
        .mappedClasses(mapped.selecting(indices), classCount: classCount)
      case .mappedValues(let mapped): .mappedValues(mapped.selecting(indices))
      }
    return Dataset(
      count: indices.count, featureCount: featureCount, features: features, targets: targets,
      columns: columns.map { $0.subset(indices) })
  }
}
