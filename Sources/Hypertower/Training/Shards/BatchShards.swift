/// Which samples of a batch each of its shards has, for what is computed over the whole batch.
struct BatchShards {
  /// The number of samples of each shard; of those that a batch is too small for, 0.
  let sizes: [Int]
  /// `[shards]`: 1 at the place of the shard that computes, 0 elsewhere.
  let place: Tensor

  /// The number of samples of the batch.
  var sampleCount: Int { sizes.reduce(0, +) }

  /// `tensor` of all shards, `[shards] + shape`; what has no samples has zeros.
  ///
  /// Each adds zeros to what the others have, so that the elements are those of the shards to the last bit.
  func gathered(_ tensor: Tensor) -> Tensor {
    let along = [sizes.count] + tensor.shape.map { _ in 1 }
    return (place.reshaped(along) * tensor.reshaped([1] + tensor.shape)).allReduced()
  }
}

extension Tensor {
  /// See `Tape.Operation.allReduce`.
  func allReduced() -> Tensor { recording(.allReduce, shape: shape) }
}
