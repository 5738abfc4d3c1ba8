internal import OpenCL

/// Writes the epilogue of a product that is already in scratch memory, as a kernel of its own.
enum EpilogueCode {
  static func plan(
    _ product: MatrixProduct, scratch: Int, _ profile: DeviceProfile
  ) -> KernelPlan {
    let epilogue = MatrixProductCode.Epilogue(product)
    let columns = product.columns
    let chunks = (columns + profile.width - 1) / profile.width
    let source = epilogue.wrap(
      """
      kernel void KERNEL(global const real *restrict scratch EPILOGUE_PARAMETERS) {
        const int row = get_global_id(1);
        const int column = (int)get_global_id(0) * WIDTH;
        const vec product = LOAD(scratch + row * \(columns) + column);
        EPILOGUE(product, row, column, \(columns) - column EPILOGUE_ARGUMENTS);
      }
      """)
    return KernelPlan(
      source: source,
      arguments: [.scratch(scratch, count: product.rows * columns)] + epilogue.arguments.arguments,
      size: LaunchSize(global: [chunks, product.rows]))
  }
}
