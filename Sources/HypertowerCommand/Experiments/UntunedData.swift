import Datasets
import Hypertower

/// What problems take their samples from.
struct UntunedData {
  /// MNIST, its pixels from 0 to 1.
  let images = Lazy { try MNIST.embedded() }
  /// What models of characters learn; nil: there is none.
  let givenText: CharacterText?

  /// MNIST, its pixels from 0 to 255: 190 MB, which nothing else keeps.
  func rawImages() throws -> LabelledImages { try MNIST.embedded(.init(scale: 1)) }

  /// - Throws: `Failure(.usage)` if there is none.
  func text() throws -> CharacterText {
    guard let givenText else {
      throw Failure(.usage, "models of characters need a text: give one by --text FILE")
    }
    return givenText
  }

  /// A hash of the text, by which its runs are known again; nil: there is none.
  var textHash: String? { givenText?.fingerprint }
}
