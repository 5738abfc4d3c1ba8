import Hypertower

enum NetworkFixture {
  /// Some weights of a dense network.
  static func weights(widths: [Int]) -> SafetensorsFile {
    SafetensorsFile(
      zip(widths, widths.dropFirst()).enumerated().flatMap { number, sizes in
        let (inputs, outputs) = sizes
        return [
          SafetensorsFile.Entry(
            name: "w\(number + 1)", shape: [outputs, inputs],
            floats: (0..<inputs * outputs).map { Float($0 % 7) / 10 - 0.3 }),
          SafetensorsFile.Entry(
            name: "b\(number + 1)", shape: [outputs],
            floats: [Float](repeating: 0, count: outputs)),
        ]
      })
  }
}
