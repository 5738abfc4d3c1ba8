import Datasets
import Hypertower
import OpenCL

extension LabelledImages {
  /// A hash of all samples and labels, by which an experiment knows its data again.
  var fingerprint: String {
    let parts = [train, test].flatMap { dataset -> [UInt64] in
      let features =
        switch dataset.features {
        case .bytes(let bytes): fnv1a64(bytes)
        case .floats(let floats): floats.withUnsafeBytes { fnv1a64($0) }
        }
      let targets =
        switch dataset.targets {
        case .classes(let labels, _): labels.withUnsafeBytes { fnv1a64($0) }
        case .values(let values, _): values.withUnsafeBytes { fnv1a64($0) }
        }
      return [features, targets]
    }
    return String(parts.withUnsafeBytes { fnv1a64($0) }, radix: 16)
  }
}
