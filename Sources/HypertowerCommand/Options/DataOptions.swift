import ArgumentParser
import Datasets

struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "A folder with the four IDX files of a data set, gzipped or not; default: MNIST.",
      discussion: """
        They are named train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, \
        and t10k-labels-idx1-ubyte. Images may be of any size and labels of any number of classes.
        """,
      valueName: "folder"))
  var folder: String?

  func images() throws -> LabelledImages {
    if let folder { try LabelledImages.directory(folder) } else { try MNIST.embedded() }
  }
}
