internal import Kernels

/// Writes the section that packs an operand.
enum PackingCode {
  /// The number of rows of a panel that are a unit of work.
  private static let sliceRows = 16

  static func section(_ packing: MatrixPacking, _ profile: DeviceProfile) -> KernelSection {
    // At least one, to divide by; it does nothing where there is nothing to pack.
    let slices = Swift.max(1, (packing.inner + sliceRows - 1) / sliceRows)
    return KernelSection(
      label: "packing [\(packing.inner), \(packing.columns)]",
      source: defining(
        [
          ("INNER", packing.inner), ("COLUMNS", packing.columns), ("PANEL", packing.panel),
          ("SLICE_ROWS", sliceRows), ("SLICES", slices), ("PANELS", packing.panelCount),
          ("TRANSPOSED", packing.isTransposed ? 1 : 0),
        ],
        String(cString: kernels_pack())),
      parameters: [
        .init("global const real *restrict matrix", .span(packing.source)),
        .init("global real *restrict panels", .span(packing.panels)),
      ],
      units: slices * packing.panelCount * packing.matrices,
      unitsPerGroup: Swift.max(1, Swift.min(slices, 8)),
      unitsPerBlock: profile.blockRows(for: packing.matrices) * slices * packing.panelCount)
  }
}
