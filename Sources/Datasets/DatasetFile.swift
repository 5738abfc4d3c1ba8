/// The four IDX files of a data set, by the names under which MNIST was published.
package enum DatasetFile: String, CaseIterable {
  case trainImages = "train-images-idx3-ubyte"
  case trainLabels = "train-labels-idx1-ubyte"
  case testImages = "t10k-images-idx3-ubyte"
  case testLabels = "t10k-labels-idx1-ubyte"

  /// The names that the file may have in a folder, in order of preference.
  var spellings: [String] {
    [rawValue, rawValue.replacing("-idx", with: ".idx")].flatMap { [$0, "\($0).gz"] }
  }
}
