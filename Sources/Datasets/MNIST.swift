import Hypertower
import MNISTFiles

/// The MNIST database of handwritten digits: 60,000 images of 28 × 28 pixels to train on and
/// 10,000 to test with, of 10 classes.
///
/// Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0.
public enum MNIST {
  /// The data set from the copy that this library carries within itself.
  ///
  /// - Throws: `InputError` of kind `.badData` when the program's own file is damaged.
  public static func embedded() throws -> LabelledImages {
    try LabelledImages { file in
      try IDXFile(contents: compressed(file), name: "embedded \(file.rawValue).gz")
    }
  }

  /// The embedded `file`, compressed by gzip. The bytes live as long as the program.
  package static func compressed(_ file: DatasetFile) -> UnsafeRawBufferPointer {
    let embedded =
      switch file {
      case .trainImages: mnist_train_images_gz()
      case .trainLabels: mnist_train_labels_gz()
      case .testImages: mnist_test_images_gz()
      case .testLabels: mnist_test_labels_gz()
      }
    return UnsafeRawBufferPointer(start: embedded.bytes, count: embedded.size)
  }
}
