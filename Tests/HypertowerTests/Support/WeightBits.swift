import Hypertower

/// The weights of every tensor to the last bit.
func bits(_ trainer: Trainer) throws -> [[UInt64]] {
  try trainer.weights().entries.map { $0.doubles().map(\.bitPattern) }
}
