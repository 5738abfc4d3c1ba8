import Hypertower
import MNISTFiles

/// The MNIST database of handwritten digits: 60,000 images of 28 × 28 pixels to train on and
/// 10,000 to test with, of 10 classes.
///
/// Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0.
public enum MNIST {
  /// The data set from the copy inside this library.
  ///
  /// - Throws: `InputError` of kind `.badData` when the program's own file is damaged or a label is
  ///   out of the range that `options` state; `.usage` when the validation share leaves one part empty.
  public static func embedded(
    _ options: LabelledImages.Options = .init()
  ) throws -> LabelledImages {
    func read(_ file: DatasetFile) throws -> IDXFile {
      try IDXFile(contents: compressed(file), name: "embedded \(file.rawValue).gz")
    }
    return try LabelledImages(
      train: ImagePart(images: read(.trainImages), labels: read(.trainLabels)),
      test: ImagePart(images: read(.testImages), labels: read(.testLabels)), options)
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
