import Datasets
import Hypertower

/// What files of weights say besides the weights: what `evaluate` and others must know of the run.
struct WeightsDescription {
  let network: NetworkDescription
  /// What the user let features be divided by; nil: what suits their type.
  let scale: Double?
  /// How files became samples; nil: the samples are windows of a text.
  let encoding: SampleEncoding?

  /// The members of a file's metadata.
  var metadata: [String: String] {
    network.metadata.merging(
      network.choice.kind.isOfText ? [:] : TrainedScale.metadata(scale)
    ) { $1 }.merging(encoding?.metadata ?? [:]) { $1 }
  }

  /// Weights with these metadata.
  func describe(_ weights: SafetensorsFile) -> SafetensorsFile {
    SafetensorsFile(weights.entries, metadata: weights.metadata.merging(metadata) { $1 })
  }
}
