/// Writes the epilogue of a product that already lies in memory, as a section of its own.
enum EpilogueCode {
  static func section(
    _ product: MatrixProduct, of result: Span, _ profile: DeviceProfile
  ) -> KernelSection {
    let epilogue = MatrixProductCode.Epilogue(product)
    let columns = product.columns
    let source = epilogue.wrap(
      """
      SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
        for (int row = begin; row < end; ++row)
          for (int column = LANE_START; column < \(columns); column += LANE_STEP) {
            const vec product = LOAD(result + \(result.offset) + row * \(columns) + column);
            EPILOGUE(product, row, column, \(columns) - column EPILOGUE_ARGUMENTS);
          }
      }
      """)
    let groups = Swift.min(product.rows, profile.workGroups)
    return KernelSection(
      label: "epilogue of \(product.label)", source: source,
      parameters: [.init("global const real *restrict result", .buffer(result.buffer))]
        + epilogue.arguments.parameters,
      units: product.rows, unitsPerGroup: (product.rows + groups - 1) / groups,
      unitsPerBlock: profile.tileRows(for: product.rows))
  }
}
