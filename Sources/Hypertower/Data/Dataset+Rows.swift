/// Features, targets and columns as rows of numbers.
extension Dataset {
  /// The features, a row for each sample.
  package var featureRows: SampleRows {
    switch features {
    case .bytes(let bytes):
      SampleRows(storage: .bytes(bytes), width: featureCount, divisor: 255)
    case .floats(let floats): SampleRows(storage: .floats(floats), width: featureCount)
    case .mapped(let mapped):
      SampleRows(
        storage: .mapped(mapped), width: featureCount, divisor: mapped.type == .uint8 ? 255 : 1)
    case .windows(let windows): rows(of: windows, shift: 0)
    }
  }

  /// The targets, a row for each sample.
  package var targetRows: SampleRows {
    switch targets {
    case .classes(let labels, _): SampleRows(storage: .int32(labels), width: 1)
    case .values(let values, let width): SampleRows(storage: .floats(values), width: width)
    case .mappedClasses(let mapped, let classCount):
      SampleRows(storage: .mapped(mapped), width: 1, limit: classCount)
    case .mappedValues(let mapped):
      SampleRows(
        storage: .mapped(mapped), width: mapped.width, divisor: mapped.type == .uint8 ? 255 : 1)
    case .nextTokens:
      if case .windows(let windows) = features {
        rows(of: windows, shift: 1)
      } else {
        fatalError("Dataset: only windows of tokens have next tokens")
      }
    }
  }

  private func rows(of windows: TokenWindows, shift: Int) -> SampleRows {
    SampleRows(
      storage: windows.storage, width: windows.length, start: windows.start + shift,
      limit: vocabularySize,
      epochOffset: windows.movesEachEpoch ? EpochOffset(limit: windows.length) : nil)
  }

  private var vocabularySize: Int? {
    switch targets {
    case .nextTokens(let vocabularySize): vocabularySize
    case .classes, .values, .mappedClasses, .mappedValues: nil
    }
  }

  /// Whether features and targets are the same sequence.
  var hasNextTokens: Bool { vocabularySize != nil }

  /// Whether the targets are classes.
  package var hasClasses: Bool {
    switch targets {
    case .classes, .mappedClasses, .nextTokens: true
    case .values, .mappedValues: false
    }
  }

  /// The number of targets of a sample.
  package var targetCount: Int { targetRows.width }
}
