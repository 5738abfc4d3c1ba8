extension HostArray {
  /// A matrix of `rows` and `columns`, transposed.
  func transposed(rows: Int, columns: Int) -> HostArray {
    func transpose<Element>(_ values: [Element]) -> [Element] {
      [Element](unsafeUninitializedCapacity: values.count) { result, count in
        for i in 0..<rows {
          for j in 0..<columns {
            (result.baseAddress! + j * rows + i).initialize(to: values[i * columns + j])
          }
        }
        count = values.count
      }
    }
    return switch self {
    case .float32(let values): .float32(transpose(values))
    case .float64(let values): .float64(transpose(values))
    case .int32(let values): .int32(transpose(values))
    case .bytes(let values): .bytes(transpose(values))
    }
  }
}
