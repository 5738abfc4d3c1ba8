import OpenCL
import Testing

@testable import Hypertower

/// Elements by their numbers, and what is added up at numbers, with the results of PyTorch's `embedding`,
/// `index_select`, `index_add` and `gather` written out.
@Suite struct GatherTests {
  private static let nan = Double.nan
  private static let infinity = Float.infinity

  /// Evaluated as one program, fused and not.
  private func expect(
    _ cases: [(name: String, tensor: Tensor, shape: Shape, values: [Double])],
    on backend: TestBackend
  ) throws {
    for fuses in [true, false] {
      let results = try Tensor.evaluate(
        cases.map(\.tensor), on: try backend.make(), fuses: fuses)
      for (own, result) in zip(cases, results) {
        #expect(own.tensor.shape == own.shape, "\(own.name)")
        assertClose(result.doubles, own.values, .exact, "\(own.name) on \(backend.name)")
      }
    }
  }

  @Test(arguments: TestBackend.all)
  func elementsByTheirNumbers(_ backend: TestBackend) throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let cube = Tensor((0..<12).map(Float.init), shape: [2, 3, 2])
    let pair = Tensor([1, 0, 0, 1], shape: [2, 2])
    try expect(
      [
        ("rows", x.gather(Tensor([1, 0, 1])), [3, 3], [4, 5, 6, 1, 2, 3, 4, 5, 6]),
        ("a matrix of rows", x.gather(pair), [2, 2, 3], [4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6]),
        ("one row", x.gather(.constant(1)), [3], [4, 5, 6]),
        ("columns", x.gather(Tensor([2, 0]), axis: 1), [2, 2], [3, 1, 6, 4]),
        ("columns, from the end", x.gather(Tensor([2, 2]), axis: -1), [2, 2], [3, 3, 6, 6]),
        (
          "the middle axis", cube.gather(pair, axis: 1), [2, 2, 2, 2],
          [2, 3, 0, 1, 0, 1, 2, 3, 8, 9, 6, 7, 6, 7, 8, 9]
        ),
        ("of a vector", Tensor([5, 6, 7]).gather(Tensor([2, 1])), [2], [7, 6]),
        (
          "along the last axis", x.gatherAlongAxis(Tensor([0, 0, 2, 1], shape: [2, 2]), axis: 1),
          [2, 2], [1, 1, 6, 5]
        ),
        (
          "along the first axis", x.gatherAlongAxis(Tensor([1, 0, 1], shape: [1, 3]), axis: 0),
          [1, 3], [4, 2, 6]
        ),
        (
          "along the middle axis",
          cube.gatherAlongAxis(Tensor([2, 0, 1, 1], shape: [2, 1, 2]), axis: -2), [2, 1, 2],
          [4, 1, 8, 9]
        ),
        (
          "along a vector", Tensor([5, 6, 7]).gatherAlongAxis(Tensor([2, 2, 0, 1]), axis: 0),
          [4], [7, 7, 5, 6]
        ),
        ("of a transpose", x.transposed().gather(Tensor([2])), [1, 2], [3, 6]),
        (
          "at computed numbers", (x * 2).gather(Tensor([1, 2]) - Tensor([1, 1])), [2, 3],
          [2, 4, 6, 8, 10, 12]
        ),
      ], on: backend)
  }

  @Test(arguments: TestBackend.all)
  func rowsAddedUp(_ backend: TestBackend) throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let repeated = Tensor([2, 0, 2])
    let vector = Tensor([1, 2, 3, 4])
    try expect(
      [
        ("repeated", x.scatterAdd(repeated, count: 4), [4, 2], [3, 4, 0, 0, 6, 8, 0, 0]),
        (
          "numbers", vector.scatterAdd(Tensor([1, 1, 0, 1]), count: 3), [3], [3, 7, 0]
        ),
        (
          "a matrix of indices",
          vector.reshaped([2, 2, 1]).scatterAdd(Tensor([1, 0, 0, 0], shape: [2, 2]), count: 2),
          [2, 1], [9, 1]
        ),
        ("all in one", x.scatterAdd(Tensor([0, 0, 0]), count: 1), [1, 2], [9, 12]),
        (
          "at no axis", vector.scatterAdd(.constant(1), count: 2), [2, 4], [0, 0, 0, 0, 1, 2, 3, 4]
        ),
        ("into none", x.scatterAdd(repeated, count: 0), [0, 2], []),
        (
          "then gathered", (x.scatterAdd(repeated, count: 3) + 1).gather(Tensor([2, 1])), [2, 2],
          [7, 9, 1, 1]
        ),
      ], on: backend)
  }

  /// Numbers before, behind and between all rows, and what is no number.
  @Test(arguments: TestBackend.all)
  func whatIsNoRow(_ backend: TestBackend) throws {
    let table = Tensor([1, 2, 3, 4], shape: [2, 2])
    let indices = Tensor([1, -1, 0.5, 2, 0, .nan, Self.infinity, -Self.infinity, -0.0, 3e9])
    let rows = table.gather(indices)
    let along = table.gatherAlongAxis(Tensor([1, 2, -1, 0], shape: [2, 2]), axis: 1)
    let values = Tensor((0..<20).map { Float($0 + 1) }, shape: [10, 2])
    func gradient(_ tensor: Tensor, _ source: Tensor) -> Tensor {
      gradients(of: tensor.sum(), withRespectTo: [source])[0]
    }
    let nan = Self.nan
    try expect(
      [
        (
          "rows", rows, [10, 2],
          [3, 4, nan, nan, nan, nan, nan, nan, 1, 2, nan, nan, nan, nan, nan, nan, 1, 2, nan, nan]
        ),
        ("their gradient", gradient(rows, table), [2, 2], [2, 2, 1, 1]),
        ("along an axis", along, [2, 2], [2, nan, nan, 3]),
        ("its gradient", gradient(along, table), [2, 2], [0, 1, 1, 0]),
        ("sums", values.scatterAdd(indices, count: 2), [2, 2], [26, 28, 1, 2]),
        (
          "their gradient", gradient(values.scatterAdd(indices, count: 2), values), [10, 2],
          [1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]
        ),
        ("of no rows", Tensor([], shape: [0, 2]).gather(Tensor([0])), [1, 2], [nan, nan]),
      ], on: backend)
  }

  @Test(arguments: TestBackend.all)
  func nothing(_ backend: TestBackend) throws {
    let table = Tensor([1, 2, 3, 4], shape: [2, 2])
    let none = Tensor([])
    let chosen = table.gather(none)
    try expect(
      [
        ("no rows", chosen, [0, 2], []),
        (
          "their gradient", gradients(of: chosen.sum(), withRespectTo: [table])[0], [2, 2],
          [0, 0, 0, 0]
        ),
        (
          "no sums", Tensor([], shape: [0, 3]).scatterAdd(none, count: 2), [2, 3],
          .init(repeating: 0, count: 6)
        ),
        ("rows of nothing", Tensor([], shape: [2, 0]).gather(Tensor([1])), [1, 0], []),
        (
          "nothing along an axis", table.gatherAlongAxis(Tensor([], shape: [2, 0]), axis: 1),
          [2, 0], []
        ),
      ], on: backend)
  }

  @Test func gradientsOfGradients() throws {
    let indices = Tensor([2, 0, 2, 5, -1])
    let pairs = Tensor([1, 2, 0, 0, 3, 9], shape: [3, 2])
    let functions: [(String, Shape, (Tensor) -> Tensor)] = [
      ("rows", [3, 2], { $0.gather(indices.sliced(0..<3, axis: 0)).tanh() * $0 }),
      ("columns", [2, 4], { $0.gather(Tensor([3, 3, 0]), axis: 1).tanh() }),
      (
        "along an axis", [3, 4],
        { $0.gatherAlongAxis(pairs.clamped(from: 0, to: 3), axis: 1).tanh() }
      ),
      ("sums", [5, 2], { $0.scatterAdd(indices, count: 3).tanh() }),
      ("sums of a vector", [5], { $0.scatterAdd(indices, count: 3).exp() }),
      (
        "sums, gathered", [5, 2],
        { ($0.scatterAdd(indices, count: 3).tanh() * 2).gather(Tensor([0, 2, 2])) }
      ),
    ]
    for (number, (name, shape, function)) in functions.enumerated() {
      let first = GradientCase(name, [shape]) { function($0[0]) }
      let second = GradientCase("\(name), second order", [shape]) { inputs in
        gradients(of: function(inputs[0]).sum(), withRespectTo: inputs)[0]
      }
      for own in [first, second] { try own.check(seed: 31 << 32 + UInt64(number)) }
    }
  }

  /// Sums are taken in the order of places, however rows are shared out.
  @Test func sharesChangeNoBit() throws {
    var random = SeededRandom(3)
    let (count, width, rows) = (300, 37, 23)
    let values = random.tensor([count, width])
    let indices = Tensor(
      (0..<count).map { _ in Float(Int.random(in: 0..<rows, using: &random)) })
    let many = random.tensor([2, 7, 50])
    let places = Tensor(
      (0..<2 * 9 * 50).map { _ in Float(Int.random(in: 0..<7, using: &random)) },
      shape: [2, 9, 50])
    let back = gradients(
      of: (many.gatherAlongAxis(places, axis: 1) * random.tensor([2, 9, 50])).sum(),
      withRespectTo: [many])[0]
    let tensors = [values.scatterAdd(indices, count: rows), back]
    let expected = try Tensor.evaluate(tensors, on: CPUBackend<Float>()).map(\.floats)
    for device in try OpenCLDevice.all() where device.obstacle == nil {
      for units in [1, 2, 3, 100] {
        for (workGroups, profile) in [
          (64, DeviceProfile.cpu), (2, DeviceProfile.cpu), (1024, TestBackend.gpu(on: device)),
          (3, TestBackend.gpu(on: device)),
        ] {
          var profile = profile
          (profile.computeUnits, profile.workGroups) = (units, workGroups)
          let backend = try OpenCLBackend(device, profile: profile)
          let results = try Tensor.evaluate(tensors, on: backend).map(\.floats)
          #expect(
            results == expected, "\(units) units, \(workGroups) groups of \(profile.groupSize)")
        }
      }
    }
  }
}
