internal import Kernels

/// Writes the section that adds rows of values up.
enum ScatterAddCode {
  static func section(_ scatter: ScatterAdd, _ profile: DeviceProfile) -> KernelSection {
    var arguments = ArgumentList()
    let values = arguments.pointer(to: scatter.values)
    let indices = arguments.pointer(to: scatter.indices)
    let result = arguments.pointer(to: scatter.result, isWritten: true)
    let source = defining(
      [
        ("ROWS", scatter.rows), ("COLUMNS", scatter.width), ("COUNT", scatter.count),
      ],
      texts: [
        ("VALUES", values), ("INDICES", indices), ("RESULT", result),
      ], String(cString: kernels_scatter_add()))
    let units = scatter.matrices * scatter.rows
    return KernelSection(
      label: "sums of \(scatter.label)", source: source, parameters: arguments.parameters,
      units: units, unitsPerGroup: profile.rowsPerShare(of: scatter),
      lanes: profile.lanes(for: scatter.width))
  }
}
