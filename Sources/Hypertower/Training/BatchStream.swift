/// Sends the batches of a data set that does not fit on the device, one by one.
///
/// What `BatchGather` does on the device, done by the host; every batch is a transfer that waits.
package struct BatchStream {
  let dataset: Dataset
  let batch: Int
  let stride: Int
  let permutation: IndexPermutation?
  let x: any DeviceArray
  let targets: any DeviceArray

  /// Writes batch number `counter`, counted over all epochs.
  ///
  /// - Parameter seed: what the order of shuffled samples is drawn from.
  package func send(_ counter: Int, seed: UInt64, on backend: any Backend) throws {
    let batches = (dataset.count + stride - 1) / stride
    let (epoch, number) = (counter / batches, counter % batches)
    let samples = (0..<batch).map { row in
      permutation?(number * stride + row, epoch: epoch, seed: seed) ?? number * stride + row
    }
    func rows<Element>(_ values: [Element], _ width: Int, _ real: (Element) -> Float) -> [Float] {
      samples.flatMap { values[$0 * width..<($0 + 1) * width].map(real) }
    }
    let features =
      switch dataset.features {
      case .bytes(let bytes): rows(bytes, dataset.featureCount) { Float($0) / 255 }
      case .floats(let floats): rows(floats, dataset.featureCount) { $0 }
      case .windows(let windows): samples.flatMap { windows.window($0).map(Float.init) }
      }
    let targetValues =
      switch dataset.targets {
      case .classes(let labels, _): rows(labels, 1) { Float($0) }
      case .values(let values, let width): rows(values, width) { $0 }
      case .nextTokens: nextTokens(samples)
      }
    try backend.write(.float32(features), to: x, at: 0)
    try backend.write(.float32(targetValues), to: targets, at: 0)
  }

  private func nextTokens(_ samples: [Int]) -> [Float] {
    guard case .windows(let windows) = dataset.features else { return [] }
    return samples.flatMap { windows.window($0, shift: 1).map(Float.init) }
  }
}
