/// The matrix products of a training step of a model, as its program has them.
package struct StepProducts {
  /// A product of a step.
  package struct Entry {
    package let product: MatrixProduct
    /// How often a step computes it: in each pass of a loop over time.
    package let count: Int
    /// Whether its left operand is a batch of samples with so many zeros that some terms are left out.
    package let isOfSparseSamples: Bool
  }

  package let entries: [Entry]
  /// The number of floating-point operations of blockwise attention, whose products are none of the entries.
  private let attentionOperations: Double

  /// Compiles a step, without levels above the bottom one, which have no products, and takes none.
  ///
  /// - Parameters:
  ///   - sampleShape: as in `Trainer`.
  ///   - data: at least a batch of samples.
  ///   - device: for which a step is compiled.
  package init(
    _ model: some Module, loss: Loss, sampleShape: Shape, on data: Dataset, batchSize: Int,
    device: Device
  ) throws {
    let backend = MeasuringBackend(device.backend)
    let trainer = try Trainer(
      model, loss: loss, sampleShape: sampleShape, optimizer: SGD(0),
      on: Device(name: device.name, backend: backend, residentLimit: device.residentLimit))
    try trainer.train(on: data, batchSize: batchSize, steps: 1, shuffled: false)
    guard let program = backend.programs.first(where: \.isTrainingStep) else {
      fatalError("StepProducts: no program of \(backend.programs.count) is a training step")
    }
    entries = program.instructions.flatMap { instruction -> [Entry] in
      switch instruction {
      case .matrixProduct(let product): [Entry(product, count: 1, in: program)]
      case .loop(let loop):
        loop.body.compactMap { inner in
          guard case .matrixProduct(let product) = inner else { return nil }
          return Entry(product, count: loop.count, in: program)
        }
      case .loopNest, .scatterAdd, .attention, .attentionGradient, .gatherBatch, .increment,
        .projectGradient, .walkTower, .updateParameters, .allReduce:
        []
      }
    }
    attentionOperations = program.instructions.reduce(0) { $0 + $1.attentionOperations }
  }

  /// The number of floating-point operations of a step's products, those with zeros and those of attention included.
  package var operations: Double {
    entries.reduce(attentionOperations) { sum, entry in
      let product = entry.product
      return sum + 2 * Double(product.allRows) * Double(product.inner) * Double(product.columns)
        * Double(entry.count)
    }
  }

  /// The products and nothing else, each with operands and a result of its own.
  ///
  /// - Returns: the program, and its buffers that stand for a batch of samples, `[batch, features]`.
  package func program() -> (program: Program, samples: [Int]) {
    var (program, samples) = (Program(), [Int]())
    for entry in entries {
      let product = entry.product.alone(isLeftSparse: entry.isOfSparseSamples, in: &program)
      if entry.isOfSparseSamples { samples.append(product.left.span.buffer) }
      program.instructions.append(
        entry.count == 1
          ? .matrixProduct(product)
          : .loop(Loop(count: entry.count, body: [.matrixProduct(product)])))
    }
    return (program, samples)
  }
}

extension StepProducts.Entry {
  fileprivate init(_ product: MatrixProduct, count: Int, in program: Program) {
    self.init(
      product: product, count: count,
      isOfSparseSamples: program.buffers[product.left.span.buffer].isSparse
        && product.left.view == nil && product.matrices == 1)
  }
}

extension Instruction {
  /// The number of floating-point operations of the products of blockwise attention.
  fileprivate var attentionOperations: Double {
    switch self {
    case .attention(let attention): attention.operations
    case .attentionGradient(let gradient): gradient.operations(of: .all)
    case .loop(let loop): Double(loop.count) * loop.body.reduce(0) { $0 + $1.attentionOperations }
    case .loopNest, .matrixProduct, .scatterAdd, .gatherBatch, .increment, .projectGradient,
      .walkTower, .updateParameters, .allReduce:
      0
    }
  }
}

extension Program {
  /// Whether it is a training step: towers move in nothing else.
  var isTrainingStep: Bool {
    instructions.contains {
      if case .walkTower = $0 { true } else { false }
    }
  }
}
