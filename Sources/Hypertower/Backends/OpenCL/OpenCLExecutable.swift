internal import OpenCL

/// A program whose kernels are built and bound.
final class OpenCLExecutable: Executable {
  enum Launch {
    case kernel(Kernel, LaunchSize, label: String)
    case clblast(MatrixProduct, [DeviceBuffer?], DeviceBuffer)
  }

  private let launches: [Launch]

  init(_ launches: [Launch]) { self.launches = launches }

  func enqueue(on queue: CommandQueue) throws {
    for launch in launches {
      switch launch {
      case .kernel(let kernel, let size, _):
        try queue.enqueue(kernel, size)
      case .clblast(let product, let buffers, let result):
        try CLBlast.sgemm(
          m: product.rows, n: product.columns, k: product.inner,
          a: matrix(product.left, product.rows, product.inner, buffers),
          b: matrix(product.right, product.inner, product.columns, buffers),
          c: CLBlast.Matrix(result, leadingDimension: product.columns), on: queue)
      }
    }
  }

  /// Enqueues as `enqueue` does; launches of CLBlast, which keeps its events, are not timed.
  func enqueueTimed(on queue: CommandQueue) throws -> [(label: String, event: Event)] {
    try launches.compactMap { launch in
      guard case .kernel(let kernel, let size, let label) = launch, !size.isEmpty else {
        try OpenCLExecutable([launch]).enqueue(on: queue)
        return nil
      }
      return (label, try queue.enqueueTimed(kernel, size))
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
