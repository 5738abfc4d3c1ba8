import Testing

@testable import Hypertower

@Suite struct RegisterTileTests {
  /// Against the places of all rows: in all tiles rows lie as in the first one.
  @Test func evenHeightsAreThoseWhoseTilesAreAlike() {
    for (shape, strides) in [
      ([5, 5], [28, 1]), ([4, 12, 12], [1000, 40, 3]), ([3, 3, 3], [400, 20, 1]), ([24], [7]),
      ([2, 6, 4], [-900, 31, 5]), ([7, 2], [1, 50]),
    ] {
      let axes = MatrixView.Axes(Shape(shape), strides: strides)
      let count = shape.reduce(1, *)
      for height in 1...count where count % height == 0 {
        let tiles = stride(from: 0, to: count, by: height).map { first in
          (first..<first + height).map { axes.place(of: $0) - axes.place(of: first) }
        }
        let areAlike = tiles.allSatisfy { $0 == tiles[0] }
        #expect(axes.isEven(for: height) == areAlike, "\(shape), height \(height)")
      }
    }
  }

  /// Tiles whose rows would lie differently are no even ones, also where they do not end with the rows.
  @Test func heightsAcrossAxesAreNotEven() {
    let axes = MatrixView.Axes([4, 6], strides: [100, 1])
    #expect((1...24).filter(axes.isEven) == [1, 2, 3, 6, 12, 24])
  }

  /// The gradient of 5 × 5 weights of one channel goes through its many terms once.
  @Test func aTileHasAllRowsOfASmallKernel() {
    func product(kernel: Int, columns: Int) -> MatrixProduct {
      var program = Program()
      let view = MatrixView(
        matrices: MatrixView.Axes([], strides: []),
        rows: MatrixView.Axes([kernel, kernel], strides: [28, 1]),
        terms: MatrixView.Axes([300, 24, 24], strides: [784, 28, 1]))
      let span = Span(buffer: program.addBuffer(.real, count: 300 * 784))
      let inner = 300 * 576
      var product = MatrixProduct(
        rows: kernel * kernel, columns: columns, inner: inner,
        left: .init(span: span, view: view),
        right: .init(
          span: Span(buffer: program.addBuffer(.real, count: inner * columns)), isTransposed: false)
      )
      let node = product.epilogue.append(.input(MatrixProduct.productInput))
      let result = Span(buffer: program.addBuffer(.real, count: kernel * kernel * columns))
      product.outputs = [.init(node: node, span: result)]
      return product
    }
    #expect(DeviceProfile.cpu.tileRows(of: product(kernel: 5, columns: 16)) == 25)
    // Of two vectors, sums of 14 rows have registers; of 49 rows a part is even.
    #expect(DeviceProfile.cpu.tileRows(of: product(kernel: 5, columns: 32)) == 5)
    #expect(DeviceProfile.cpu.tileRows(of: product(kernel: 7, columns: 16)) == 7)
  }
}
