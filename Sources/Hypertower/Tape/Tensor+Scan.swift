extension Tensor {
  /// Goes through the first axis of some tensors, from one state to the next.
  ///
  /// - Parameters:
  ///   - initial: the states before the first step.
  ///   - inputs: each `[time, …]`, of one and the same time, at least 1.
  ///   - step: from the states and the elements of `inputs` of a step, `[…]`, the states after it, of the same
  ///     shapes, and its outputs.
  /// - Returns: the states after the last step, and the outputs of all steps, each `[time, …]`.
  public static func scan(
    _ initial: [Tensor], over inputs: [Tensor],
    _ step: (_ states: [Tensor], _ inputs: [Tensor]) -> (states: [Tensor], outputs: [Tensor])
  ) -> (states: [Tensor], outputs: [Tensor]) {
    let time = inputs.first?.shape.first ?? 0
    require(
      time > 0 && inputs.allSatisfy { $0.shape.first == time },
      "scan: over \(inputs.map(\.shape)): the first axes must be equal and not 0")
    var states = initial
    var outputs: [[Tensor]] = []
    for number in 0..<time {
      let (next, own) = step(states, inputs.map { $0.element(number, axis: 0) })
      require(
        next.map(\.shape) == states.map(\.shape),
        "scan: states \(states.map(\.shape)) become \(next.map(\.shape))")
      states = next
      outputs.append(own)
    }
    return (
      states, outputs[0].indices.map { k in .stacked(outputs.map { $0[k] }, axis: 0) }
    )
  }
}
