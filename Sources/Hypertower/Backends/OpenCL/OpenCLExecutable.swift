internal import OpenCL

/// A program whose kernels are built and bound.
final class OpenCLExecutable: Executable {
  /// A kernel with its arguments.
  struct KernelLaunch {
    let kernel: Kernel
    let size: LaunchSize
    let label: String
    /// Where a kernel for any number of replays takes the first list of arrays and their number.
    var firstAlternative: Int?
    var replayCount: Int?
    /// The most replays that it takes.
    var mostReplays = 1
    /// Where it takes the number of a loop's pass.
    var iteration: Int?
  }

  enum Launch {
    case kernel(KernelLaunch)
    case clblast(MatrixProduct, [DeviceBuffer?], DeviceBuffer)
    /// The launches of a loop's pass, and how often.
    case passes([Launch], count: Int)
  }

  private enum Form {
    /// One launch for any number of replays.
    case joined(KernelLaunch)
    /// The launches of a replay for each list of arrays.
    case separate([[Launch]])
  }

  private let form: Form

  init(joined launch: KernelLaunch) { form = .joined(launch) }

  init(alternatives: [[Launch]]) { form = .separate(alternatives) }

  /// Enqueues replays, the first on list number `alternative`, each on the next list in turn.
  func enqueue(from alternative: Int, count: Int, on queue: CommandQueue) throws {
    switch form {
    case .joined(let launch):
      for start in stride(from: 0, to: count, by: launch.mostReplays) {
        let own = Swift.min(launch.mostReplays, count - start)
        try launch.kernel.setArgument(launch.firstAlternative!, Int32(alternative + start))
        try launch.kernel.setArgument(launch.replayCount!, Int32(own))
        try queue.enqueue(launch.kernel, launch.size)
      }
    case .separate(let alternatives):
      for replay in 0..<count {
        for launch in alternatives[(alternative + replay) % alternatives.count] {
          try enqueue(launch, on: queue)
        }
      }
    }
  }

  /// Enqueues as `enqueue` does; launches of CLBlast, which keeps its events, are not timed.
  func enqueueTimed(
    from alternative: Int, count: Int, on queue: CommandQueue
  ) throws -> [(label: String, event: Event)] {
    guard case .separate(let alternatives) = form else {
      fatalError("OpenCLExecutable: phases of one launch have no times of their own")
    }
    return try (0..<count).flatMap { replay in
      try alternatives[(alternative + replay) % alternatives.count].compactMap { launch in
        guard case .kernel(let launch) = launch, !launch.size.isEmpty else {
          try enqueue(launch, on: queue)
          return nil
        }
        return (launch.label, try queue.enqueueTimed(launch.kernel, launch.size))
      }
    }
  }

  private func enqueue(_ launch: Launch, on queue: CommandQueue) throws {
    switch launch {
    case .passes(let launches, let count):
      for pass in 0..<count {
        for launch in launches {
          if case .kernel(let own) = launch, let iteration = own.iteration {
            try own.kernel.setArgument(iteration, Int32(pass))
          }
          try enqueue(launch, on: queue)
        }
      }
    case .kernel(let launch):
      try queue.enqueue(launch.kernel, launch.size)
    case .clblast(let product, let buffers, let result):
      try CLBlast.sgemm(
        m: product.rows, n: product.columns, k: product.inner,
        a: matrix(product.left, product.rows, product.inner, buffers),
        b: matrix(product.right, product.inner, product.columns, buffers),
        c: CLBlast.Matrix(result, leadingDimension: product.columns), on: queue)
    }
  }

  private func matrix(
    _ operand: MatrixProduct.Operand, _ rows: Int, _ columns: Int, _ buffers: [DeviceBuffer?]
  ) -> CLBlast.Matrix {
    CLBlast.Matrix(
      buffers[operand.span.buffer]!, offset: operand.span.offset,
      leadingDimension: operand.isTransposed ? rows : columns,
      isTransposed: operand.isTransposed)
  }
}
