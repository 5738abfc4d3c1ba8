/// How a nest reads a row of a table whose number lies in memory.
///
/// The place of an element is Σ stride · index + rowStride · (the row's number), from `table` on; that of the number is
/// Σ numberStride · index, from `number` on.
package struct IndirectLoad: Hashable, Sendable {
  package let table: Span
  /// The distance in memory of neighbours along each dimension, in one row.
  package var strides: [Int]
  /// How many rows the table has, and how far apart they lie.
  package let rows: Int
  package let rowStride: Int

  /// Where the number of a row lies, a real.
  package let number: Span
  package var numberStrides: [Int]
  /// Whether the value is 0 rather than NaN where the number is no whole one in 0..<rows.
  package let isZeroOutside: Bool

  package init(
    table: Span, strides: [Int], rows: Int, rowStride: Int, number: Span, numberStrides: [Int],
    isZeroOutside: Bool
  ) {
    (self.table, self.strides, self.rows, self.rowStride) = (table, strides, rows, rowStride)
    (self.number, self.numberStrides) = (number, numberStrides)
    self.isZeroOutside = isZeroOutside
  }

  /// The same on other memory.
  func mappingSpans(_ mapped: (Span) -> Span) -> IndirectLoad {
    IndirectLoad(
      table: mapped(table), strides: strides, rows: rows, rowStride: rowStride,
      number: mapped(number), numberStrides: numberStrides, isZeroOutside: isZeroOutside)
  }
}
