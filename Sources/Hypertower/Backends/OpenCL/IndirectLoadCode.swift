/// Writes how a loop nest reads a row of a table whose number lies in memory.
struct IndirectLoadCode {
  let load: IndirectLoad
  /// Where the table and the numbers begin.
  let table: String
  let numbers: String
  /// The dimension that lanes run along.
  let laneDimension: Int

  /// Statements that define `name`, a `real` at the indices of now or a `vec` of lanes.
  func definition(of name: String, type: String, indent: String) -> String {
    guard type == "vec", load.numberStrides[laneDimension] != 0 else {
      return """
        \(indent)const int row_\(name) = \(row(at: nil));
        \(indent)const \(type) \(name) = row_\(name) < 0 ? (\(type))(\(outside)) : \(element(name, type));

        """
    }
    // Each lane has a row of its own.
    return """
      \(indent)real lanes_\(name)[WIDTH];
      \(indent)for (int lane = 0; lane < WIDTH; ++lane) {
      \(indent)  const int row_\(name) = lane < count ? \(row(at: "lane")) : -1;
      \(indent)  lanes_\(name)[lane] = row_\(name) < 0 ? \(outside) : *(\(address(name, at: "lane")));
      \(indent)}
      \(indent)const vec \(name) = LOAD_PRIVATE(lanes_\(name));

      """
  }

  private var outside: String { load.isZeroOutside ? "0.0f" : "NAN" }

  /// The number of the row, or −1.
  private func row(at lane: String?) -> String {
    "row_number(*(\(numbers) + \(place(load.numberStrides, at: lane))), \(load.rows))"
  }

  private func element(_ name: String, _ type: String) -> String {
    let address = address(name, at: nil)
    guard type == "vec" else { return "*(\(address))" }
    return switch load.strides[laneDimension] {
    case 0: "(vec)(*(\(address)))"
    case 1: "LOAD(\(address))"
    case let stride: "load_strided(\(address), \(stride), count)"
    }
  }

  private func address(_ name: String, at lane: String?) -> String {
    "\(table) + \(place(load.strides, at: lane)) + row_\(name) * \(load.rowStride)"
  }

  private func place(_ strides: [Int], at lane: String?) -> String {
    IndexExpression(coefficients: strides).code(laneDimension: laneDimension, lane: lane)
  }
}
