/// Writes the epilogue of a product that already lies in memory, as a section of its own.
enum EpilogueCode {
  /// - Parameters:
  ///   - result: the product, or its parts one after another.
  ///   - parts: how many parts add up to the product.
  static func section(
    _ product: MatrixProduct, of result: Span, parts: Int, _ profile: DeviceProfile
  ) -> KernelSection {
    let epilogue = MatrixProductCode.Epilogue(product)
    let (rows, columns) = (product.allRows, product.columns)
    let source = epilogue.wrap(
      """
      SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
        for (int row = begin + TEAM; row < end; row += TEAMS)
          for (int column = LANE_START; column < \(columns); column += LANE_STEP) {
            global const real *part = result + \(result.offset) + row * \(columns) + column;
            vec product = LOAD(part);
            for (int i = 1; i < \(parts); ++i) product += LOAD(part + i * \(rows * columns));
            EPILOGUE(product, row, column, \(columns) - column EPILOGUE_ARGUMENTS);
          }
      }
      """)
    let lanes = profile.lanes(for: columns)
    return KernelSection(
      label: parts == 1 ? "epilogue of \(product.label)" : "sum of \(parts) parts",
      source: source,
      parameters: [.init("global const real *restrict result", .buffer(result.buffer))]
        + epilogue.arguments.parameters,
      units: rows, unitsPerGroup: profile.unitsPerGroup(rows, lanes: lanes),
      unitsPerBlock: profile.blockRows(for: rows), lanes: lanes)
  }
}
