import Hypertower
import Testing

@testable import Datasets

/// IDX files that stay where they are.
@Suite struct MappedIDXTests {
  private func part(
    _ images: [UInt8], scale: Double? = nil, limit: Int = 0
  ) throws -> Dataset {
    try withTemporaryFolder { folder in
      let (x, y) = ("\(folder)/images", "\(folder)/labels")
      try AtomicFile.write(images, to: x)
      try AtomicFile.write(idxFile([4], [0, 1, 2, 1]), to: y)
      let budget = MemoryBudget(limit: limit)
      return try ImagePart(
        images: IDXFile(contentsOf: x, in: budget), labels: IDXFile(contentsOf: y, in: budget)
      ).dataset(classCount: 3, scale: scale, in: budget)
    }
  }

  private func isMapped(_ data: Dataset) -> Bool {
    if case .mapped = data.features { return true }
    return false
  }

  @Test func bytesAndFloatsAreMapped() throws {
    let bytes = idxFile([4, 2], [0, 51, 102, 153, 204, 255, 1, 2])
    let floats = idxFile(type: .float32, [4, 2], [0, -51.5, 1e-3, 153, 204, 255, 1, 2])
    for contents in [bytes, floats] {
      let (mapped, read) = (try part(contents), try part(contents, limit: 1000))
      #expect(isMapped(mapped) && !isMapped(read))
      #expect(mapped.features(of: 0..<4) == read.features(of: 0..<4))
      #expect(labels(of: mapped) == [0, 1, 2, 1])
    }
  }

  @Test func whatIsConvertedGoesToATemporaryFile() throws {
    for (contents, scale) in [
      (idxFile([4, 2], [0, 51, 102, 153, 204, 255, 1, 2]), 2.0 as Double?),
      (idxFile(type: .int16, [4, 2], [0, 51, 102, -153, 204, 255, 1, 2]), nil),
    ] {
      let (mapped, read) = (
        try part(contents, scale: scale), try part(contents, scale: scale, limit: 1000)
      )
      #expect(isMapped(mapped) && !isMapped(read))
      #expect(mapped.features(of: 0..<4) == read.features(of: 0..<4))
    }
  }

  @Test func damageIsNamed() throws {
    let contents = idxFile([4, 2], [0, 51, 102, 153, 204, 255, 1, 2])
    let error = #expect(throws: InputError.self) { try part(Array(contents.dropLast())) }
    #expect(error?.message.contains("images: 7 bytes follow the header, expected 8") == true)
    let infinite = idxFile(type: .float32, [4, 2], [0, 1, 2, 3, 4, 5, .infinity, 7])
    let data = try part(infinite)
    let trainer = try Trainer(
      DenseNetwork(widths: [2, 3]), loss: .negativeLogLikelihood, optimizer: SGD(), on: .cpu)
    let fault = #expect(throws: InputError.self) { try trainer.train(on: data, batchSize: 2) }
    #expect(fault?.message.contains("images: number 0 of row 3 is inf, expected a finite") == true)
  }
}
