/// Further numbers of each sample besides features and targets, under a name: a mask, a second target, weights.
///
/// A model reads a column by `Context.column(_:)`, a loss by its third argument; see `Columns`.
public struct Column: Sendable {
  /// The numbers of all samples, sample after sample.
  public enum Values: Sendable {
    /// Bytes that stand for `byte / 255`.
    case bytes([UInt8])
    /// As they are.
    case floats([Float])
    /// Whole numbers, exact up to 2²⁴.
    case integers([Int32])
    /// A row of a file for each sample; bytes stand for `byte / 255`.
    case mapped(MappedRows)
  }

  /// What models and losses call it.
  public let name: String
  /// The shape of a sample's numbers; `[]`: one number.
  public let shape: Shape
  /// The numbers.
  public let values: Values

  /// - Parameters:
  ///   - name: what models and losses call it, not empty.
  ///   - shape: the shape of a sample's numbers; default: one number.
  ///   - values: the numbers of all samples, sample after sample.
  public init(_ name: String, shape: Shape = [], _ values: Values) {
    require(
      !name.isEmpty && shape.allSatisfy { $0 > 0 }, "Column: '\(name)' of shape \(shape)")
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The column as rows.
  var rows: SampleRows {
    let width = shape.elementCount
    return switch values {
    case .bytes(let bytes): SampleRows(storage: .bytes(bytes), width: width, divisor: 255)
    case .floats(let floats): SampleRows(storage: .floats(floats), width: width)
    case .integers(let numbers): SampleRows(storage: .int32(numbers), width: width)
    case .mapped(let mapped):
      SampleRows(
        storage: .mapped(mapped), width: width, divisor: mapped.type == .uint8 ? 255 : 1)
    }
  }

  /// A copy of the rows with the numbers `indices`; of a file, a list of them.
  func subset(_ indices: some Collection<Int>) -> Column {
    let width = shape.elementCount
    let own: Values =
      switch values {
      case .bytes(let bytes): .bytes(bytes.rows(indices, width: width))
      case .floats(let floats): .floats(floats.rows(indices, width: width))
      case .integers(let numbers): .integers(numbers.rows(indices, width: width))
      case .mapped(let mapped): .mapped(mapped.selecting(indices))
      }
    return Column(name, shape: shape, own)
  }
}

extension Array {
  /// The rows of `width` elements with the numbers `indices`, one after another.
  func rows(_ indices: some Collection<Int>, width: Int) -> [Element] {
    var rows: [Element] = []
    rows.reserveCapacity(indices.count * width)
    for index in indices { rows += self[index * width..<(index + 1) * width] }
    return rows
  }
}
