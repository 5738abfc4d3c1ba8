import Glibc
import Hypertower
import Testing

@testable import Datasets

/// Data of every format are the same on disk and in memory.
@Suite("Data on disk")
struct StreamedFormatsTests {
  /// What is read with everything on disk, with some of it, and with everything in memory, compared.
  ///
  /// - Parameter read: reads with a budget.
  private func compare(_ read: (MemoryBudget) throws -> SplitDataset) throws {
    let whole = try read(MemoryBudget(limit: 1 << 40))
    #expect(!isMapped(whole.train))
    for limit in [0, 600, 3 << 20] {
      let data = try read(MemoryBudget(limit: limit))
      #expect(limit > 0 || isMapped(data.train))
      #expect(data.sampleShape == whole.sampleShape)
      #expect(data.encoding == whole.encoding)
      #expect(data.notes.filter { !$0.contains(MemoryBudget.reason) } == whole.notes)
      #expect(limit > 0 || data.notes.contains { $0.contains(MemoryBudget.reason) })
      try expectEqual(data.train, whole.train)
      try expectEqual(data.validation, whole.validation)
      try expectEqual(data.test, whole.test)
    }
  }

  private func isMapped(_ data: Dataset) -> Bool {
    if case .mapped = data.features { true } else { false }
  }

  private func expectEqual(_ left: Dataset?, _ right: Dataset?) throws {
    guard let left, let right else {
      #expect(left == nil && right == nil)
      return
    }
    #expect(left.count == right.count && left.hasClasses == right.hasClasses)
    let all = 0..<right.count
    #expect(left.features(of: all) == right.features(of: all))
    #expect(try left.targetRows.floats(of: all) == right.targetRows.floats(of: all))
  }

  /// A table with numbers, texts, missing values, words among numbers, more texts than classes, and rows that are
  /// numbered.
  private func table(_ count: Int) -> String {
    var text = "id,x,städte,code,odd,key,y,z\n"
    for row in 0..<count {
      let x = row % 97 == 5 ? "NA" : "\(Double(row * row % 1009) / 8)"
      let city = ["Köln", "\"Bad \"\"Ems\"\"\"", "São Paulo", "?", "東京"][row * 7 % 5]
      let odd = row % 50 == 20 ? "unknown" : "\(row % 31)e1"
      text += "\(row),\(x),\(city),\(row % 3),\(odd),k\(row * 7919 % count),"
      text += "\(["a", "b", "c"][row % 13 % 3]),\(Double(row) * 0.37)\n"
    }
    return text
  }

  @Test("Tables, compressed or not, of classes and of values", arguments: [300, 20_000])
  func tables(count: Int) throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array(table(count).utf8), to: folder + "/t.csv")
      _ = try outputOfShell("gzip -k \(folder)/t.csv")
      let options = TableOptions(
        target: "y", missing: .median, ignored: ["z"], categories: ["code"])
      let split = Split(validation: 0.1, test: 0.2, seed: 3)
      for name in ["t.csv", "t.csv.gz"] {
        try compare { try .table("\(folder)/\(name)", options, split: split, in: $0) }
      }
      let values = TableOptions(target: "z", missing: .mean, ignored: ["key"])
      try compare { try .table(folder + "/t.csv", values, split: split, in: $0) }
      let trained = try SplitDataset.table(folder + "/t.csv", options, split: split).encoding
      try compare { try .table(folder + "/t.csv", as: trained, split: split, in: $0) }
      try compare { try .table(folder + "/t.csv", as: trained, in: $0) }
    }
  }

  @Test("A column of more texts than are kept is counted exactly, and named in the same way")
  func manyTexts() throws {
    let count = 70_000
    let text = "key,x,y\n" + (0..<count).map { "k\($0 / 2 * 2),\($0 % 7),\($0 % 2)\n" }.joined()
    for limit in [0, 1 << 40] {
      let data = try SplitDataset.table(
        CSVFile(Array(text.utf8), name: "t"), TableOptions(target: "y"),
        in: MemoryBudget(limit: limit))
      #expect(
        data.notes[0]
          == "t: column 'key' is left out: it has 35000 different texts in 70000 rows")
      let more = "key,x,y\n" + (0..<count).map { "k\($0),\($0 % 7),\($0 % 2)\n" }.joined()
      let unique = try SplitDataset.table(
        CSVFile(Array(more.utf8), name: "t"), TableOptions(target: "y"),
        in: MemoryBudget(limit: limit))
      #expect(
        unique.notes[0]
          == "t: column 'key' is left out: it has 70000 different texts in 70000 rows")
      let error = #expect(throws: InputError.self) {
        try SplitDataset.table(
          CSVFile(Array(more.utf8), name: "t"), TableOptions(target: "key"),
          in: MemoryBudget(limit: limit))
      }
      #expect(
        error?.message
          == "t: target 'key' has 70000 different values in 70000 rows, too many for classes: name another --target, "
          + "or, for numbers, give --task regression")
    }
  }

  @Test("The first column at fault is named, in whatever part of the rows it is")
  func faultyFeatures() throws {
    // The second column is at fault in the first row, the first one in the last.
    let training = "a,b,y\n1,2,u\n3,5,v\n"
    let encoding = try SplitDataset.table(
      CSVFile(Array(training.utf8), name: "t"), TableOptions(target: "y")
    ).encoding
    let count = 200_000
    let text =
      "a,b,y\n1,,u\n" + String(repeating: "1,2,u\n", count: count - 2) + ",2,u\n"
    for limit in [0, 1 << 40] {
      let error = #expect(throws: InputError.self) {
        _ = try UnlabelledSamples.table(
          StoredArray(Array(text.utf8)), as: encoding.table!, delimiter: nil, name: "t",
          in: MemoryBudget(limit: limit))
      }
      #expect(
        error?.message.hasPrefix("t: line \(count + 1), column 'a': a value is missing") == true)
    }
  }

  @Test("Samples without labels: tables, numbers, arrays and images")
  func unlabelled() throws {
    let encoding = try SplitDataset.table(
      CSVFile(Array("a,c,y\n1,u,0.5\n3,v,1\n5,u,9\n".utf8), name: "t"), TableOptions(target: "y")
    ).encoding.table!
    let bytes = Array("c,a\nu,1\nw,7\nv,-2.5\n".utf8)
    let numbers = Array("1, 2.5,-3\r\n\n4e1,5,6\n".utf8)
    let array = npyFile(header: npyHeader("<f8", [3, 1]), [UInt8](repeating: 64, count: 24))
    for limit in [0, 1 << 40] {
      let budget = MemoryBudget(limit: limit)
      let table = try UnlabelledSamples.table(
        StoredArray(bytes), as: encoding, delimiter: nil, name: "t", in: budget)
      #expect(table.samples.features.elements.suffix(2) == [0, 1])
      #expect(table.samples.features.isMapped == (limit == 0))
      let lines = try UnlabelledSamples(StoredArray(numbers), name: "t", scale: nil, in: budget)
      #expect(lines.features.elements == [1, 2.5, -3, 40, 5, 6] && lines.count == 2)
      let own = try UnlabelledSamples(StoredArray(array), name: "x", scale: 2, in: budget)
      #expect(Set(own.features.elements).count == 1 && own.count == 3)
      let images = try UnlabelledSamples.images(
        ["a", "b"], as: ImageEncoding(channels: 1, height: 1, width: 2, isResized: false),
        scale: 1, in: budget
      ) { Array("P2 2 1 255 \($0) 7".utf8) }
      #expect(images.features.elements == [0, 7, 1, 7])
    }
  }

  @Test("Folders of images, grey and in colour")
  func images() throws {
    try withTemporaryFolder { folder in
      for part in ["train", "test"] {
        mkdir("\(folder)/\(part)", 0o700)
        for (number, name) in ["cat", "dog"].enumerated() {
          mkdir("\(folder)/\(part)/\(name)", 0o700)
          for image in 0..<6 {
            let pixels = (0..<12).map { "\(($0 * 19 + image * 7 + number) % 256)" }
            let text = "P3 2 2 255 " + pixels.joined(separator: " ")
            try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(part)/\(name)/\(image).ppm")
          }
        }
      }
      for options in [ImageOptions(), ImageOptions(height: 3, width: 5, channels: 1)] {
        try compare {
          try SplitDataset.imageFolders(folder, options, split: Split(validation: 0.25), in: $0)!
        }
      }
    }
  }

  @Test(
    "IDX files, of every type, compressed or not", arguments: IDXElementType.allCases, [nil, 2.0])
  func idx(type: IDXElementType, scale: Double?) throws {
    let values = (0..<24).map { Double($0 * 5 % 24) }
    var files = SmallFiles()
    files.trainImages = idxFile(type: type, [4, 2, 3], values)
    files.testImages = idxFile(type: type, [2, 2, 3], Array(values[6..<18]))
    try withTemporaryFolder { folder in
      try files.write(to: folder)
      let options = LabelledImages.Options(scale: scale)
      func read(_ budget: MemoryBudget) throws -> SplitDataset {
        SplitDataset(try LabelledImages.directory(folder, options, in: budget))
      }
      try compare(read)
      _ = try outputOfShell("gzip \(folder)/*images*")
      try compare(read)
    }
  }

  @Test("CIFAR's files")
  func cifar() throws {
    try withTemporaryFolder { folder in
      for (number, name) in ["data_batch_1", "data_batch_2", "test_batch"].enumerated() {
        let pixels = (0..<3072).map { UInt8(($0 * 7 + number) % 256) }
        let record: [UInt8] = [UInt8(number)] + pixels
        try AtomicFile.write(record + record, to: "\(folder)/\(name).bin")
      }
      try compare { SplitDataset(try LabelledImages.directory(folder, in: $0)) }
    }
  }

  /// Images with the channels last, in which no two neighbours are equal.
  private static let pixels: [UInt8] = (0..<96).map { UInt8($0 * 37 % 251) }

  @Test("NPY files: bytes and floats, converted or not, in other orders")
  func npy() throws {
    let floats = (0..<12).map { Float($0 * 5 % 12) - 2 }
    let doubles = floats.map { Double($0).bitPattern }.withUnsafeBytes { Array($0) }
    let files: [(bytes: [UInt8], scale: Double?)] = [
      (npyFile(header: npyHeader("|u1", [4, 24]), Self.pixels), nil),
      (npyFile(header: npyHeader("|u1", [4, 24]), Self.pixels), 3),
      (npyFile(header: npyHeader("|u1", [4, 2, 4, 3]), Self.pixels), nil),
      (npyFile(header: npyHeader(">u2", [4, 3, 4]), Self.pixels), nil),
      (npyFile(header: npyHeader("|u1", [4, 3, 8], isFortran: true), Self.pixels), nil),
      (npyFile(floats: floats, [4, 3]), nil), (npyFile(floats: floats, [4, 3]), 2),
      (npyFile(header: npyHeader("<f8", [4, 3]), doubles), nil),
    ]
    let labels = npyFile(integers: [0, 2, 1, 1], [4])
    let values = npyFile(floats: [0.5, 1, 2.5, 0, 3.25, 7, 1, 1], [4, 2])
    try withTemporaryFolder { folder in
      let (x, y) = (folder + "/x.npy", folder + "/y.npy")
      for file in files {
        try AtomicFile.write(file.bytes, to: x)
        for targets in [labels, values] {
          try AtomicFile.write(targets, to: y)
          let options = LabelledImages.Options(scale: file.scale, split: Split(test: 0.25))
          try compare { try .arrays(x, target: y, options, in: $0) }
        }
      }
    }
  }

  @Test("NPZ files, stored and deflated, and safetensors files")
  func archives() throws {
    let images = npyFile(header: npyHeader("|u1", [4, 2, 4, 3]), Self.pixels)
    let floats = (0..<12).map { Float($0 * 5 % 12) }
    let classes = npyFile(integers: [0, 2, 1, 1], [4])
    let values = npyFile(floats: [0.5, 1, 2.5, 0, 3.25, 7, 1, 1], [4, 2])
    try withTemporaryFolder { folder in
      let npz = folder + "/data.npz"
      for isDeflated in [false, true] {
        for (x, y) in [(images, classes), (npyFile(floats: floats, [4, 3]), values)] {
          try AtomicFile.write(
            zipFile(
              [("x.npy", x), ("y.npy", y)], method: isDeflated ? 8 : 0, isDeflated: isDeflated),
            to: npz)
          try compare { try .arrays(npz, .init(split: Split(validation: 0.5)), in: $0) }
        }
      }
      let path = folder + "/data.safetensors"
      let samples: [SafetensorsFile.Entry] = [
        .init(name: "x", shape: [4, 3], floats: floats),
        .init(name: "x", shape: [4, 3], doubles: floats.map { Double($0) }),
      ]
      for entry in samples {
        try SafetensorsFile([entry, .init(name: "y", shape: [4], floats: [0, 1, 1, 2])])
          .write(to: path)
        try compare { try .arrays(path, in: $0) }
      }
      let header =
        #"{"x": {"dtype": "BF16", "shape": [4, 3], "data_offsets": [0, 24]}, "#
        + #""y": {"dtype": "U8", "shape": [4], "data_offsets": [24, 28]}}"#
      let halves = floats.map { UInt16($0.bitPattern >> 16).littleEndian }
      try AtomicFile.write(
        [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8)
          + halves.withUnsafeBytes { Array($0) } + [0, 1, 1, 2], to: path)
      try compare { try .arrays(path, in: $0) }
      #expect(try SplitDataset.arrays(path).train.features(of: 0..<4) == floats)
    }
  }

  @Test("Damage is found in a file that is mapped, too")
  func damage() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      let member = npyFile(header: npyHeader("|u1", [4, 24]), Self.pixels)
      var file = zipFile([("x.npy", member), ("y.npy", npyFile(integers: [0, 1, 0, 1], [4]))])
      file[200] ^= 1
      try AtomicFile.write(file, to: path)
      for limit in [0, 1 << 40] {
        let error = #expect(throws: InputError.self) {
          try SplitDataset.arrays(path, in: MemoryBudget(limit: limit))
        }
        #expect(
          error?.message
            == "\(path): x.npy: has another checksum than the file states: the file is damaged; fetch it again"
        )
      }
    }
  }
}
