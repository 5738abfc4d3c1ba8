/// Which samples a batch has, as `BatchGather` says it, computed on the host.
struct BatchOrder: Sendable, Equatable {
  let sampleCount: Int
  /// The number of samples of a batch, except the last one of an epoch.
  let stride: Int
  /// The order of an epoch's samples; nil: file order.
  let permutation: IndexPermutation?
  /// What the order of shuffled samples is drawn from.
  let seed: UInt64
  /// The number of the first batch that nobody will ask for; nil: there is no end.
  var end: Int?

  /// The number of batches of an epoch.
  var batches: Int { (sampleCount + stride - 1) / stride }

  /// The samples of batch `number`, counted over epochs.
  func samples(of number: Int) -> [Int] {
    let (epoch, batch) = number.quotientAndRemainder(dividingBy: batches)
    let positions = batch * stride..<Swift.min((batch + 1) * stride, sampleCount)
    guard let permutation else { return Array(positions) }
    return positions.map { permutation($0, epoch: epoch, seed: seed) }
  }

  /// How much further the rows of batch `number` begin.
  func offset(of rows: SampleRows, in number: Int) -> Int {
    guard permutation != nil, let offset = rows.epochOffset else { return 0 }
    return offset(epoch: number / batches, seed: seed)
  }
}
