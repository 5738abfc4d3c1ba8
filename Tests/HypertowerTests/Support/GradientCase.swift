import Hypertower
import Testing

/// A function of tensors whose gradients are to be checked.
struct GradientCase {
  let name: String
  let shapes: [Shape]
  /// Whether all inputs are above 0.
  let isPositive: Bool
  let function: ([Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [Shape], positive: Bool = false,
    _ function: @escaping ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    isPositive = positive
    self.function = function
  }

  /// Expects the vector–Jacobian product with random numbers, along a random direction of each
  /// input, to be the central difference: relative error ≤ 1e-6, all in float64.
  ///
  /// Inputs are odd multiples of 1/32, all different, directions multiples of 1/4 up to 1 and steps
  /// 2⁻⁹: every shifted input is exact in float32, and no two elements and no element and 0 come
  /// so close that a shift would change their order.
  func check(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let inputs = shapes.map { shape -> [Float] in
      let count = shape.elementCount
      return (0..<count).shuffled(using: &random).map { index in
        Float(2 * index + 1 - (isPositive ? -16 : count / 2 * 2)) / 32
      }
    }
    let weights = random.grid(
      function(tensors(inputs)).shape.elementCount, step: 0.125, bound: 1)
    func loss(_ inputs: [Tensor]) -> Tensor {
      let output = function(inputs)
      return (output * Tensor(weights, shape: output.shape)).sum()
    }
    let leaves = tensors(inputs)
    let gradients = gradients(of: loss(leaves), withRespectTo: leaves)
    for (number, shape) in shapes.enumerated() {
      #expect(gradients[number].shape == shape, "\(name): gradient \(number)")
      let direction = random.grid(shape.elementCount, step: 0.25, bound: 1)
      let product = try value((gradients[number] * Tensor(direction, shape: shape)).sum())
      let difference = try centralDifference { shift in
        var moved = inputs
        moved[number] = zip(moved[number], direction).map { $0 + Float(shift) * $1 }
        return try value(loss(tensors(moved)))
      }
      // What rounding makes of a derivative of 0.
      if (product - difference).magnitude < 1e-12 { continue }
      assertClose(product, difference, .relative(1e-6), "\(name), input \(number)")
    }
  }

  private func tensors(_ values: [[Float]]) -> [Tensor] {
    zip(values, shapes).map { Tensor($0, shape: $1) }
  }

  private func value(_ tensor: Tensor) throws -> Double {
    try Tensor.evaluate([tensor], on: CPUBackend<Double>())[0].doubles[0]
  }
}
