extension Collective {
  /// The tags of what is agreed on, which no block of a sum has.
  private var questionTag: Int { 32_000 }
  private var answerTag: Int { 32_001 }

  /// Checks that all ranks have the same numbers.
  ///
  /// - Parameter numbers: as many on each rank.
  /// - Returns: the lowest rank that differs from rank 0, and the first place in which it does, the same on all ranks;
  ///   nil if none does.
  public func difference(in numbers: [UInt64]) throws -> (rank: Int, place: Int)? {
    guard size > 1 else { return nil }
    var verdict: [Int64] = [-1, 0]
    if rank == 0 {
      for other in 1..<size {
        var others = [UInt64](repeating: 0, count: numbers.count)
        try others.withUnsafeMutableBytes {
          try wait(for: receive(into: $0, from: other, tag: questionTag), with: other)
        }
        if verdict[0] < 0, let place = numbers.indices.first(where: { numbers[$0] != others[$0] }) {
          verdict = [Int64(other), Int64(place)]
        }
      }
      try verdict.withUnsafeBytes { bytes in
        for other in 1..<size {
          try wait(for: send(bytes, to: other, tag: answerTag), with: other)
        }
      }
    } else {
      try numbers.withUnsafeBytes {
        try wait(for: send($0, to: 0, tag: questionTag), with: 0)
      }
      try verdict.withUnsafeMutableBytes {
        try wait(for: receive(into: $0, from: 0, tag: answerTag), with: 0)
      }
    }
    return verdict[0] < 0 ? nil : (Int(verdict[0]), Int(verdict[1]))
  }
}
