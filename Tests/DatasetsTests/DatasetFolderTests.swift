import Datasets
import Glibc
import Hypertower
import Testing

/// The names under which files are found, and which of several is taken.
@Suite struct DatasetFolderTests {
  /// Files of whose labels `label` is the first.
  private func files(first label: Double) -> SmallFiles {
    SmallFiles(trainLabels: idxFile([4], [label, 0, 1, 2]))
  }

  private func firstLabel(in path: String) throws -> Int32? {
    labels(of: try LabelledImages.directory(path).train).first
  }

  @Test(arguments: [
    ("emnist-letters-", "train", "test", "-idx3-ubyte", "-idx1-ubyte"),
    ("qmnist-", "train", "test", "-idx3-ubyte", "-idx2-int"),
    ("fashion_", "train", "t10k", ".idx3-ubyte", ".idx1-ubyte"),
    ("", "train", "test", ".idx3-float", ".idx1-int32"),
    ("my.data.", "Train", "Test", "_IDX3_UBYTE", "_IDX1_UBYTE"),
    ("a train of tests-", "train", "t10k", "-idx", "-idx"),
    ("x", "train", "t10k", "-idx4-double", "-idx10-short"),
  ])
  func findsFiles(prefix: String, train: String, test: String, images: String, labels: String)
    throws
  {
    for compress in ["true", "gzip *", "gzip *[Tt]rain* && gzip -dkf *.gz"] {
      try withTemporaryFolder { folder in
        try SmallFiles().write(
          to: folder, prefix: prefix, part: (train, test), suffixes: (images, labels))
        _ = try outputOfShell("cd \(folder) && \(compress)")
        let found = try LabelledImages.directory(folder)
        #expect(found.train.count == 4)
        #expect(found.test?.count == 2)
      }
    }
  }

  @Test func mnistsNamesComeFirst() throws {
    try withTemporaryFolder { folder in
      // From the last choice to the first.
      try files(first: 0).write(to: folder, prefix: "other-")
      try files(first: 1).write(to: folder, part: ("train", "test"), suffixes: ("_idx", "_idx"))
      #expect(try firstLabel(in: folder) == 1)
      try files(first: 2).write(to: folder, suffixes: (".idx3-ubyte", ".idx1-ubyte"))
      #expect(try firstLabel(in: folder) == 2)
      _ = try outputOfShell("gzip -k \(folder)/*.idx*")
      #expect(try firstLabel(in: folder) == 2)
      try files(first: 0).write(to: folder)
      _ = try outputOfShell("gzip \(folder)/t*-idx?-ubyte")
      #expect(try firstLabel(in: folder) == 0)
      try files(first: 1).write(to: folder)
      #expect(try firstLabel(in: folder) == 1)
    }
  }

  @Test func severalDatasetsNeedAPrefix() throws {
    try withTemporaryFolder { folder in
      try files(first: 0).write(to: folder, prefix: "emnist-digits-", part: ("train", "test"))
      try files(first: 2).write(to: folder, prefix: "emnist-letters-", part: ("train", "test"))
      let error = #expect(throws: InputError.self) { try LabelledImages.directory(folder) }
      #expect(error?.kind == .usage)
      #expect(
        error?.message.contains(
          "emnist-digits, emnist-letters: give one of them, such as "
            + "\(folder)/emnist-digits") == true, "\(error?.message ?? "")")
      for prefix in ["emnist-letters", "emnist-letters-"] {
        #expect(try firstLabel(in: "\(folder)/\(prefix)") == 2)
      }
      #expect(try firstLabel(in: "\(folder)/emnist-digits") == 0)
      for path in ["\(folder)/emnist", "\(folder)/emnist-letters/", "\(folder)/none"] {
        let error = #expect(throws: InputError.self, "\(path)") {
          try LabelledImages.directory(path)
        }
        #expect(error?.kind == .missingInput)
        #expect(error?.message.hasPrefix("\(path): no such folder") == true)
      }
      // A part of a data set is none to choose.
      unlink("\(folder)/emnist-digits-train-labels-idx1-ubyte")
      #expect(try firstLabel(in: folder) == 2)
    }
  }

  @Test func hiddenFilesAndOthersAreNoDataset() throws {
    try withTemporaryFolder { folder in
      try files(first: 2).write(to: folder, prefix: "emnist-")
      try files(first: 1).write(to: folder, prefix: "._emnist-")
      for suffix in [".part", " (1)", ".xz", "-mapping.txt"] {
        try files(first: 1).write(to: folder, suffixes: ("-idx3\(suffix)", "-idx1\(suffix)"))
      }
      #expect(try firstLabel(in: folder) == 2)
    }
  }

  @Test func aFolderOfAFilesNameIsSearched() throws {
    try withTemporaryFolder { folder in
      try files(first: 2).write(to: folder)
      let name = "train-labels-idx1-ubyte"
      let label = "\(folder)/\(name)"
      _ = try outputOfShell("cd \(folder) && for f in *; do mv $f x; mkdir $f; mv x $f/$f; done")
      #expect(try firstLabel(in: folder) == 2)
      _ = try outputOfShell("gzip \(label)/\(name)")
      #expect(try firstLabel(in: folder) == 2)
      // A file of another spelling goes before what is in the folder, and replaces an empty one.
      try AtomicFile.write(
        files(first: 1).trainLabels, to: "\(folder)/train-labels.idx1-ubyte")
      #expect(try firstLabel(in: folder) == 1)
      _ = try outputOfShell("rm \(label)/*")
      #expect(try firstLabel(in: folder) == 1)
      // So does one beside a link that leads nowhere.
      _ = try outputOfShell("rmdir \(label) && ln -s nowhere \(label)")
      #expect(try firstLabel(in: folder) == 1)
    }
  }

  @Test func testFilesMayBeMissing() throws {
    let images = try SmallFiles(testImages: nil, testLabels: nil).read()
    #expect(images.train.count == 4)
    #expect(images.test == nil)
    #expect(images.notes.count == 1)
    #expect(images.notes.first?.contains("no test files") == true)
  }

  @Test func saysThatAFileIsCompressedTwice() throws {
    try withTemporaryFolder { folder in
      try SmallFiles().write(to: folder)
      _ = try outputOfShell(
        "cd \(folder) && gzip * && gzip -c t10k-images* > twice && mv twice t10k-images*")
      let error = #expect(throws: InputError.self) { try LabelledImages.directory(folder) }
      #expect(error?.kind == .badData)
      #expect(
        error?.message.contains("/t10k-images-idx3-ubyte.gz: is compressed twice") == true,
        "\(error?.message ?? "")")
      #expect(error?.message.contains("gunzip") == true)
    }
  }

  @Test func oneTestFileAloneIsAnError() throws {
    for (files, missing) in [
      (SmallFiles(testImages: nil), "t10k-images-idx3-ubyte or test-images-idx3-ubyte"),
      (SmallFiles(testLabels: nil), "t10k-labels-idx1-ubyte or test-labels-idx1-ubyte"),
    ] {
      let error = #expect(throws: InputError.self) { try files.read() }
      #expect(error?.kind == .missingInput)
      #expect(error?.message.contains(": no file \(missing)") == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("take the other file away") == true)
    }
  }
}
