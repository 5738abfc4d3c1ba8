/// The four IDX files of a data set, by the names under which MNIST was published.
package enum DatasetFile: String, CaseIterable {
  case trainImages = "train-images-idx3-ubyte"
  case trainLabels = "train-labels-idx1-ubyte"
  case testImages = "t10k-images-idx3-ubyte"
  case testLabels = "t10k-labels-idx1-ubyte"

  var isTest: Bool {
    switch self {
    case .trainImages, .trainLabels: false
    case .testImages, .testLabels: true
    }
  }
}
