import CZlib
import FoundationEssentials
import Glibc
import Hypertower
import Testing

@testable import HypertowerCommand

@Suite("Reports of runs")
struct ReportTests {
  /// The numbers in the cells of the confusion matrix, without the shares that are right.
  private func confusion(_ page: String) -> [[Int]] {
    page.split(separator: "\n").filter {
      $0.hasPrefix("<tr><th>") && $0.dropFirst("<tr><th>".count).first?.isNumber == true
    }
    .map { row in
      row.split(separator: "<td").dropFirst().prefix(4).map { cell in
        Int(cell.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }) ?? 0
      }
    }
  }

  @Test("A page has curves, settings, result, confusion and mistakes, and nothing from elsewhere")
  func page() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let run = try train(
        folder,
        "--data @/data --batch-size 16 --steps 2 --report @/report.html --log @/log --optimizer sgd(0.02)~/~adam()"
      )
      #expect(run.status == 0, "\(run.errors)")
      let page = try text(folder + "/report.html")
      for part in ["http", "<script", "url(", "@import", "<link", "nan", "inf"] {
        let body =
          part == "nan" || part == "inf" ? page.split(separator: "<svg").dropFirst().joined() : page
        #expect(!body.replacing("image/png;base64", with: "").lowercased().contains(" \(part)"))
        #expect(part.count < 4 || !body.contains(part), "\(part)")
      }
      #expect(page.components("<svg") == 3)
      #expect(page.contains("level 0, sgd: alpha") && page.contains("test accuracy"))
      #expect(page.contains("<th>--batch-size</th><td>16</td>"))
      let matrix = confusion(page)
      try #require(matrix.map { $0.reduce(0, +) } == [5, 5, 5, 5])
      let right = matrix.indices.reduce(0) { $0 + matrix[$1][$1] }
      let accuracy = try #require(run.outputLines.last?.split(separator: " ")[2])
      #expect(Double(accuracy) == 100 * Double(right) / 20)
      #expect(page.components("<figure>") == 20 - right && right < 20)
      #expect(page.components("<img ") == 20 - right)
    }
  }

  @Test("A run that is cut off, diverges, or has nothing to measure gets what there is")
  func otherRuns() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let common = "--data @/data --batch-size 16 --report @/report.html"
      let diverged = try train(folder, "\(common) --optimizer adam(1e38) --steps 9")
      #expect(diverged.status == 3)
      #expect(try text(folder + "/report.html").contains("<th>ended by</th>"))
      let none = try train(folder, "\(common) --steps 0")
      #expect(none.status == 0 && none.errors.contains("replacing the report"), "\(none.errors)")
      #expect(try text(folder + "/report.html").contains("No step was taken"))
      try Data("mine".utf8).write(to: URL(filePath: folder + "/report.html"))
      let refused = try train(folder, "\(common) --steps 1")
      #expect(refused.status == 73 && refused.errors.contains("give --report another name"))
      #expect(try text(folder + "/report.html") == "mine")
    }
  }

  @Test("A resumed run's page has all evaluations")
  func resuming() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let settings = "--evaluate-every 3 --report @/report.html"
      let begun = try train(
        folder, "--data @/data --batch-size 16 \(settings) --steps 9 --checkpoint @/run")
      #expect(begun.status == 0, "\(begun.errors)")
      let resumed = try train(folder, "--resume @/run --steps 18 \(settings)")
      #expect(resumed.status == 0, "\(resumed.errors)")
      let chart = try #require(
        try text(folder + "/report.html").split(separator: "<svg").dropFirst().first {
          $0.contains(">test accuracy<")
        })
      let curve = try #require(chart.split(separator: "class=\"curve\"").dropFirst().first)
      #expect(curve.prefix { $0 != "/" }.filter { $0 == "L" }.count == 5)
    }
  }

  @Test("Samples are told apart as the network tells them apart")
  func classified() throws {
    let data = Dataset(
      count: 250, featureCount: 2,
      features: .floats((0..<500).map { Float($0 % 17) / 17 }),
      targets: .classes((0..<250).map { Int32($0 % 3) }, classCount: 3))
    let trainer = try Trainer(
      DenseNetwork(widths: [2, 4, 3]), loss: .negativeLogLikelihood, optimizer: SGD(1), on: .cpu)
    try trainer.train(on: data, batchSize: 50, steps: 20)
    let samples = try ClassifiedSamples(data, by: trainer, classCount: 3)
    let evaluation = try trainer.evaluate(on: data, metrics: [.confusionMatrix])
    #expect(
      (0..<9).map {
        Double(samples.confusion[.init(label: $0 / 3, guess: $0 % 3), default: 0])
      } == evaluation.metrics[0].elements)
    #expect(samples.worst.count == 24)
    let outputs = try trainer.outputs(for: data.features(of: 0..<250))
    let losses = (0..<250).map { sample -> Double in
      let own = outputs[3 * sample..<3 * sample + 3]
      return own.firstIndex(of: own.max()!)! == 3 * sample + sample % 3
        ? -1 : -outputs[3 * sample + sample % 3]
    }.sorted(by: >)
    for (mistake, loss) in zip(samples.worst, losses) {
      #expect(abs(-log(mistake.probability) - loss) < 1e-5)
    }
  }

  @Test("Axes have round numbers that can be told apart")
  func axes() {
    let axis = ChartAxis([0.998, 0.99805, 0.99812], isLogarithmic: false, isTight: false)
    #expect(Set(axis.ticks.map(axis.text)).count == axis.ticks.count && axis.ticks.count >= 4)
    #expect(axis.range.contains(0.998) && axis.range.contains(0.99812))
    let equal = ChartAxis([3, 3], isLogarithmic: false, isTight: false)
    #expect(equal.place(3) > 0.2 && equal.place(3) < 0.8)
    let zero = ChartAxis([0], isLogarithmic: false, isTight: true)
    #expect(zero.ticks.map(zero.text) == ["-1", "-0.5", "0", "0.5", "1"])
    let wide = ChartAxis([2e-9, 5], isLogarithmic: true, isTight: false)
    #expect(wide.ticks.count >= 3 && wide.text(wide.ticks[0]) == "10⁻⁹")
    #expect(abs(wide.place(1e-4) - 0.5) < 1e-9)
    for value in [0, -1e-300, 1e300, .leastNonzeroMagnitude] {
      let odd = ChartAxis([value], isLogarithmic: false, isTight: true)
      #expect(odd.place(value).isFinite && odd.ticks.allSatisfy(\.isFinite), "\(value)")
    }
  }

  @Test("Pictures are PNG files with these pixels")
  func pictures() throws {
    let pixels: [UInt8] = [1, 2, 3, 250, 251, 252, 9, 8, 7, 100, 101, 102]
    let bytes = PNGImage(width: 2, height: 2, pixels: pixels).bytes
    #expect(bytes.prefix(8).elementsEqual([137, 80, 78, 71, 13, 10, 26, 10]))
    // Length, type, data, CRC of each chunk.
    var (place, chunks): (Int, [String: [UInt8]]) = (8, [:])
    while place < bytes.count {
      let count = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let content = Array(bytes[place + 4..<place + 8 + count])
      let checksum = bytes[place + 8 + count..<place + 12 + count].reduce(0) { $0 << 8 | Int($1) }
      #expect(Int(crc32(0, content, uInt(content.count))) == checksum)
      chunks[String(decoding: content.prefix(4), as: UTF8.self)] = Array(content.dropFirst(4))
      place += 12 + count
    }
    #expect(chunks["IHDR"] == [0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0])
    #expect(chunks["IEND"] == [])
    var (rows, size) = ([UInt8](repeating: 0, count: 100), uLong(100))
    let data = try #require(chunks["IDAT"])
    #expect(uncompress(&rows, &size, data, uLong(data.count)) == Z_OK)
    let wanted: [UInt8] = [0, 1, 2, 3, 250, 251, 252, 0, 9, 8, 7, 100, 101, 102]
    #expect(Array(rows.prefix(Int(size))) == wanted)
    // RFC 4648, §10.
    for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
      #expect(Base64.text(of: Array(text.utf8)) == coded)
    }
  }
}

extension String {
  fileprivate func components(_ part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
