/// What a formula takes from a whole tensor.
///
/// A tensor of the shape `[a, b, …]` is a matrix of a rows, `[a, b·…]`; one of at most one axis is a matrix of one
/// column, `[n, 1]`. Above the weights each number is a tensor of its own, so that means are the number itself.
///
/// Unlike sums (`sum(of:)`), these see hyperparameters as the level above has just moved them, and derivatives for
/// that level go through them.
extension RuleBuilder {
  /// The mean of `value` over the row that the parameter is in.
  public func rowMean(of value: Expression) -> Expression { mean(.rowMean, value) }

  /// The mean of `value` over the column that the parameter is in.
  public func columnMean(of value: Expression) -> Expression { mean(.columnMean, value) }

  /// The mean of `value` over the tensor that the parameter is in.
  public func tensorMean(of value: Expression) -> Expression { mean(.tensorMean, value) }

  /// The element of the matrix that is nearly the orthogonal one next to that of `value`, by `NewtonSchulz`.
  ///
  /// For tensors of two axes or more, at the bottom level.
  public func orthogonalized(_ value: Expression) -> Expression {
    (usesMatrices, needsMatrices) = (true, true)
    return field(.orthogonal, [value])
  }

  /// A number kept for each row from one step to the next; what it is set to must be the same for the whole row.
  ///
  /// - Parameters:
  ///   - name: unlike those of all other states of the rule.
  ///   - initial: as for `state(_:initial:)`.
  public func rowState(_ name: String, initial: Expression = 0) -> Expression {
    axisState(name, .rows, initial)
  }

  /// A number kept for each column from one step to the next; what it is set to must be the same for the whole
  /// column.
  ///
  /// - Parameters:
  ///   - name: unlike those of all other states of the rule.
  ///   - initial: as for `state(_:initial:)`.
  public func columnState(_ name: String, initial: Expression = 0) -> Expression {
    axisState(name, .columns, initial)
  }

  private func mean(_ kind: UpdateRule.Field.Kind, _ value: Expression) -> Expression {
    usesMatrices = true
    return movesNumbers ? value : field(kind, [value])
  }

  private func axisState(
    _ name: String, _ axis: UpdateRule.AxisState.Axis, _ initial: Expression
  ) -> Expression {
    usesMatrices = true
    if movesNumbers { return state(name, initial: initial) }
    let state = input(.axisState(axisStates.count))
    axisStates.append(
      .init(
        axis: axis,
        state: .init(
          name: name, initial: initial.index(in: recorder), next: state.index(in: recorder))))
    return state
  }

  func field(_ kind: UpdateRule.Field.Kind, _ operands: [Expression]) -> Expression {
    let own = UpdateRule.Field(kind: kind, operands: operands.map { $0.index(in: recorder) })
    let known = fields.firstIndex(of: own)
    if known == nil { fields.append(own) }
    return input(.field(known ?? fields.count - 1))
  }

  /// The derivatives of `output` by each of `hyperparameters`, through the fields as well, whose own derivatives
  /// become fields.
  func jacobian(of output: Int, by hyperparameters: [Int]) -> [Int] {
    let own = Array(fields.enumerated())
    let places = own.map { input(.field($0.offset)).index(in: recorder) }
    var tangents: [[Expression?]] = []

    /// nil: 0.
    func total(_ node: Int) -> [Expression?] {
      let partial = recorder.graph.derivatives(
        of: node, withRespectTo: hyperparameters + places.prefix(tangents.count))
      func isZero(_ number: Int) -> Bool { recorder.graph.constant(partial[number]) == 0 }
      return hyperparameters.indices.map { h in
        var sum = isZero(h) ? nil : expression(partial[h])
        for (number, tangent) in tangents.enumerated() {
          let place = hyperparameters.count + number
          guard let tangent = tangent[h], !isZero(place) else { continue }
          let term = expression(partial[place]) * tangent
          sum = sum.map { $0 + term } ?? term
        }
        return sum
      }
    }
    for (_, field) in own {
      let (kind, needsOperand) = field.kind.tangent
      tangents.append(
        total(field.operands[0]).map { derivative in
          derivative.map {
            self.field(kind, (needsOperand ? [expression(field.operands[0])] : []) + [$0])
          }
        })
    }
    return total(output).map { ($0 ?? 0).index(in: recorder) }
  }
}
