/// What a rule that looks at tensors as matrices has beside its formula.
extension UpdateRule {
  /// Numbers that are computed from a whole tensor once the levels above have moved the hyperparameters, and before
  /// the weights move.
  ///
  /// A tensor of the shape `[a, b, …]` is a matrix of a rows, `[a, b·…]`; one of at most one axis is a matrix of one
  /// column, `[n, 1]`.
  struct Field: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
      /// The mean of each row, `[rows, 1]`.
      case rowMean
      /// The mean of each column, `[1, columns]`.
      case columnMean
      /// The mean of all elements, `[1, 1]`.
      case tensorMean
      /// The nearly orthogonal matrix of `NewtonSchulz`, `[rows, columns]`.
      case orthogonal
      /// Its derivative in the direction of a second operand, `[rows, columns]`.
      case orthogonalTangent

      /// What the derivative of such a field is, and whether it needs the field's operand.
      var tangent: (kind: Kind, needsOperand: Bool) {
        switch self {
        case .rowMean, .columnMean, .tensorMean: (self, false)
        case .orthogonal: (.orthogonalTangent, true)
        case .orthogonalTangent: fatalError("Field: a derivative is differentiated no further")
        }
      }
    }

    let kind: Kind
    /// Nodes of the rule's graph, which depend on earlier fields alone.
    let operands: [Int]
  }

  /// A number that the rule keeps for each row or for each column of a tensor.
  struct AxisState: Sendable {
    enum Axis: Sendable {
      case rows
      case columns
    }

    let axis: Axis
    var state: State
  }

  /// Whether the step of the weights takes more than one look at each element.
  var usesFields: Bool { !fields.isEmpty || !axisStates.isEmpty }
}
