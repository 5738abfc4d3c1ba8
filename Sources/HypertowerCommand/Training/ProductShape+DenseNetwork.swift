import Hypertower

extension ProductShape {
  /// The products of a step of a dense network: forwards, for the weights' gradients, and, but for
  /// the first layer, for those of its inputs.
  static func ofDenseNetwork(widths: [Int], batchSize: Int) -> [ProductShape] {
    zip(widths, widths.dropFirst()).enumerated().flatMap { layer, own in
      let (inputs, outputs) = own
      let all = [
        ProductShape(
          rows: batchSize, inner: inputs, columns: outputs, isLeftTransposed: false,
          isRightTransposed: false),
        ProductShape(
          rows: inputs, inner: batchSize, columns: outputs, isLeftTransposed: true,
          isRightTransposed: false),
        ProductShape(
          rows: batchSize, inner: outputs, columns: inputs, isLeftTransposed: false,
          isRightTransposed: true),
      ]
      return layer == 0 ? Array(all.dropLast()) : all
    }
  }
}
